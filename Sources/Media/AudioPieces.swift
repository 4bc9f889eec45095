import Basics
import Corpus
import Foundation

/// The audio of one file, piece by piece, decoded one piece ahead in a worker process.
///
/// One thread decodes while the caller works on the piece before; they meet at `ready` and `wanted`.
package final class AudioPieces: @unchecked Sendable {
  /// Seconds of a piece.
  package static let seconds = 60

  private let ready = DispatchSemaphore(value: 0)
  private let wanted = DispatchSemaphore(value: 1)
  private let lock = NSLock()
  private var result: Result<DecodeOutcome, any Error>?
  private var isStopped = false
  private var isOver = false

  package init(_ source: MediaSource, _ workers: DecodeWorkers) {
    let thread = Thread { self.decode(source, workers) }
    thread.stackSize = 1 << 20
    thread.start()
  }

  private func decode(_ source: MediaSource, _ workers: DecodeWorkers) {
    var first = 0
    while true {
      wanted.wait()
      if lock.withLock({ isStopped }) { return }
      let work = DecodeRequest.Work.waveform(first: first, count: Self.seconds)
      let outcome = Result { try workers.decode(DecodeRequest(source, work: work)) }
      lock.withLock { result = outcome }
      ready.signal()
      guard case .success(let answer) = outcome, answer.reply.continues == true else { return }
      first += Self.seconds
    }
  }

  /// The next piece; nil after the last.
  /// - Throws: `Undecodable` for a file that cannot be decoded any further, `Failure` where no worker starts.
  package func next() throws -> [Float]? {
    if isOver { return nil }
    ready.wait()
    let outcome = lock.withLock { result.take() }
    let answer = try outcome?.get()
    guard let answer, answer.reply.continues != nil else {
      isOver = true
      throw Undecodable(finding: answer?.reply.findings.first ?? Finding(.mediaUnreadable, "no answer"))
    }
    isOver = answer.reply.continues == false
    wanted.signal()
    return answer.floats
  }

  /// Lets the thread end. To be called in any case.
  package func stop() {
    lock.withLock { isStopped = true }
    wanted.signal()
  }
}

/// Why a file has no audio.
package struct Undecodable: Error { package let finding: Finding }

extension DecodeOutcome {
  /// The payload of a waveform.
  var floats: [Float] {
    payload.withUnsafeBytes { raw in
      [Float](unsafeUninitializedCapacity: raw.count / 4) { buffer, filled in
        UnsafeMutableRawBufferPointer(buffer).copyMemory(
          from: UnsafeRawBufferPointer(rebasing: raw[..<(raw.count / 4 * 4)]))
        filled = raw.count / 4
      }
    }
  }
}

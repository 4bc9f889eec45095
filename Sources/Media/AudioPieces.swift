import Basics
import Corpus

/// The audio of one file, piece by piece; a worker process decodes one piece ahead. For one thread.
package final class AudioPieces {
  /// Seconds of a piece.
  package static let seconds = 60

  private let source: MediaSource
  private let workers: DecodeWorkers
  /// The start of the piece that is being decoded, in seconds.
  private var first = 0
  /// The next piece; nil after the last.
  private var piece: Ahead<DecodeOutcome>?

  package init(_ source: MediaSource, _ workers: DecodeWorkers) {
    (self.source, self.workers) = (source, workers)
    decode()
  }

  private func decode() {
    let request = DecodeRequest(source, work: .waveform(first: first, count: Self.seconds))
    piece = Ahead { [workers] in try workers.decode(request) }
  }

  /// The next piece; nil after the last.
  /// - Throws: `Undecodable` if the file cannot be decoded any further, `Failure` if no worker starts.
  package func next() throws -> [Float]? {
    guard let answer = try piece.take()?.value() else { return nil }
    guard let continues = answer.reply.continues else {
      throw Undecodable(finding: answer.reply.findings.first ?? Finding(.mediaUnreadable, "no answer"))
    }
    if continues {
      first += Self.seconds
      decode()
    }
    return answer.floats
  }

  /// Waits for the piece that is being decoded. Call this before the workers stop.
  package func stop() { piece.take()?.wait() }
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

import Basics
import Corpus
import Distillation
import Evaluation
import Media

/// A file's sound as the student hears it.
package struct EvaluationSound: Sendable {
  /// 16 kHz mono in −1…1, over 256 of them.
  package var samples: [Float]
  /// The key of its first ten seconds, as shards have it; nil where FLAC carries none.
  package var contentKey: String?
  /// Whether it went on after what was taken.
  package var isCut = false
}

/// Reads files of any form through decode workers, at their own length.
package final class SoundReader: Sendable {
  /// Longer sounds are cut: a minute's activations would take gigabytes.
  package static let mostSeconds = 30
  /// Shorter sounds are padded with silence to one window of the spectrogram.
  package static let leastSamples = FrontEnd.transformLength

  private let workers: DecodeWorkers
  private let threads: WorkerThreads

  package init(jobs: Int, command: [String]) {
    workers = DecodeWorkers(count: jobs, command: command)
    threads = WorkerThreads(jobs)
  }

  deinit {
    workers.stop()
    threads.stop()
  }

  /// - Parameter files: paths with the second at which the clip begins.
  /// - Returns: in their order; a file without sound gives the finding that says why.
  /// - Throws: `Failure` when workers cannot be started; `Interruption.failure`.
  package func read(_ files: [(path: String, startSeconds: Int)]) throws -> [Result<EvaluationSound, SoundRefusal>] {
    let slots = ResultSlots<Result<EvaluationSound, SoundRefusal>>(files.count)
    try threads.tryForEach(files.count) { index, _ in
      if Interruption.isRequested { throw Interruption.failure }
      slots[index] = try self.read(files[index].path, from: files[index].startSeconds)
    }
    return slots.values.map { $0 ?? .failure(SoundRefusal(nil)) }
  }

  private func read(_ path: String, from start: Int) throws -> Result<EvaluationSound, SoundRefusal> {
    var sound = EvaluationSound(samples: [])
    let piece = DecodeRequest.clipSeconds
    for offset in stride(from: 0, to: Self.mostSeconds, by: piece) {
      let outcome = try workers.decode(DecodeRequest(path: path, startSeconds: start + offset, work: .sound))
      guard let facts = outcome.reply.sound, !outcome.payload.isEmpty else {
        if offset > 0 { break }
        return .failure(SoundRefusal(outcome.reply.findings.first))
      }
      let covered = min(piece * FrontEnd.sampleRate, Int((facts.coveredSeconds * 16_000).rounded()))
      sound.samples += try DecodedSound.samples(outcome.payload, count: covered, name: path)
      if offset == 0 { sound.contentKey = outcome.payload.withUnsafeBytes { DecodedSound.contentKey($0) } }
      if covered < piece * FrontEnd.sampleRate { break }
      sound.isCut = offset + piece >= Self.mostSeconds && (facts.fileSeconds ?? 0) > Double(start + Self.mostSeconds)
      // A file that states that it ends here is not opened again.
      if let length = facts.fileSeconds, length <= Double(start + offset + piece) { break }
    }
    let missing = Self.leastSamples - sound.samples.count
    if missing > 0 { sound.samples += [Float](repeating: 0, count: missing) }
    return .success(sound)
  }
}

/// Why a file's sound cannot be used.
package struct SoundRefusal: Error {
  package var reason: String

  init(_ finding: Finding?) { reason = finding.map { "\($0.code): \($0.evidence)" } ?? "no sound" }
}

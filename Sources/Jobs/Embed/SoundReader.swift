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
  /// Whether it went on after the most that is read of a file.
  package var isCut = false
}

/// Reads files of any form through decode workers, at their own length.
package final class SoundReader: Sendable {
  /// What is read of one file.
  package struct Part: Sendable {
    package var path: String
    /// Where it begins.
    package var startSeconds = 0
    /// Its length; nil: to the end of the file.
    package var seconds: Int?

    package init(_ path: String, startSeconds: Int = 0, seconds: Int? = nil) {
      (self.path, self.startSeconds, self.seconds) = (path, startSeconds, seconds)
    }
  }

  /// Longer sounds that are embedded as one are cut: a minute's activations would take gigabytes.
  package static let mostSeconds = 30
  /// Shorter sounds are padded with silence to one window of the spectrogram.
  package static let leastSamples = FrontEnd.transformLength

  private let workers: DecodeWorkers
  private let threads: WorkerThreads
  private let mostSeconds: Int

  /// - Parameter mostSeconds: that are read of one file, a multiple of ten; a second takes 64 kB.
  package init(jobs: Int, command: [String], mostSeconds: Int = SoundReader.mostSeconds) {
    self.mostSeconds = mostSeconds
    workers = DecodeWorkers(count: jobs, command: command)
    threads = WorkerThreads(jobs)
  }

  deinit {
    workers.stop()
    threads.stop()
  }

  /// - Returns: in their order; a file without sound gives the finding that says why.
  /// - Throws: `Failure` when workers cannot be started; `Interruption.failure`.
  package func read(_ parts: [Part]) throws -> [Result<EvaluationSound, SoundRefusal>] {
    try threads.map(parts.count) { index, _ in try self.read(parts[index]) }
  }

  private func read(_ part: Part) throws -> Result<EvaluationSound, SoundRefusal> {
    var sound = EvaluationSound(samples: [])
    let piece = DecodeRequest.clipSeconds
    let most = min(mostSeconds, part.seconds ?? mostSeconds)
    for offset in stride(from: 0, to: most, by: piece) {
      if Interruption.isRequested { throw Interruption.failure }
      let outcome = try decode(part, offset)
      guard let facts = outcome.reply.sound, !outcome.payload.isEmpty else {
        if offset > 0 { break }
        return .failure(SoundRefusal(outcome.reply.findings.first))
      }
      let wanted = min(piece, most - offset) * FrontEnd.sampleRate
      let covered = min(wanted, Int((facts.coveredSeconds * Double(FrontEnd.sampleRate)).rounded()))
      sound.samples += try DecodedSound.samples(outcome.payload, count: covered, name: part.path)
      if offset == 0 { sound.contentKey = outcome.payload.withUnsafeBytes { DecodedSound.contentKey($0) } }
      if covered < wanted { break }
      // A file that states that it ends here is not opened again.
      if let length = facts.fileSeconds, length <= Double(part.startSeconds + offset + piece) { break }
      if offset + piece >= most, part.seconds == nil { sound.isCut = try goesOn(part, facts, at: most) }
    }
    let missing = Self.leastSamples - sound.samples.count
    if missing > 0 { sound.samples += [Float](repeating: 0, count: missing) }
    return .success(sound)
  }

  private func decode(_ part: Part, _ offset: Int) throws -> DecodeOutcome {
    try workers.decode(DecodeRequest(path: part.path, startSeconds: part.startSeconds + offset, work: .sound))
  }

  /// Whether there is sound from `offset` on: as the file states it, else as decoding finds it.
  private func goesOn(_ part: Part, _ facts: SoundFacts, at offset: Int) throws -> Bool {
    if let length = facts.fileSeconds { return length > Double(part.startSeconds + offset) }
    return try decode(part, offset).reply.sound.map { $0.coveredSeconds > 0 } ?? false
  }
}

/// Why a file's sound cannot be used.
package struct SoundRefusal: Error {
  package var reason: String

  init(_ finding: Finding?) { reason = finding.map { "\($0.code): \($0.evidence)" } ?? "no sound" }
}

import Audio
import Basics
import Corpus
import Distillation
import Foundation
import Media
import Wav2CLIP

/// Gets sounds into memory, many side by side: from files through decode workers, from training shards directly.
struct SoundHearing: Sendable {
  /// What became of an item.
  enum Heard: Sendable {
    /// The whole sound at 16 kHz.
    case sound([Float], warnings: [Finding])
    /// Too long to be kept; it is embedded piece by piece.
    case long
    case refused(Finding)
  }

  let workers: DecodeWorkers
  let clips: ShardClips?
  let hasWindows: Bool
  let threads: WorkerThreads

  /// Sounds of up to five minutes are decoded once; longer ones twice, since their windows share one normalisation.
  private static let mostKept = 300 * 16_000
  /// Samples in memory at a time, and one sound a thread more.
  private static let mostTogether = 8 << 20
  private static let mostSounds = 64

  /// Hears items from the first of `items` on, as many as fit into memory together.
  /// - Returns: at least one, in the order of `items`.
  /// - Throws: `Failure` where no worker starts, `Interruption.failure`.
  func hear(_ items: ArraySlice<EmbeddingItem>) throws -> [Heard] {
    let state = HearingState()
    let items = Array(items.prefix(Self.mostSounds))
    try threads.tryForEach(threads.count) { _, _ in
      while !Interruption.isRequested, let index = state.take(items.count, below: Self.mostTogether) {
        let heard = try hear(items[index])
        state.put(heard, at: index)
      }
    }
    if Interruption.isRequested { throw Interruption.failure }
    return state.results
  }

  private func hear(_ item: EmbeddingItem) throws -> Heard {
    switch item.source {
    case .sample(let index):
      guard let clips else { return .refused(Finding(.mediaUnreadable, "no shards")) }
      var samples = [Float](repeating: 0, count: clips.samples)
      do {
        try samples.withUnsafeMutableBufferPointer { buffer in
          if let start = buffer.baseAddress { try clips.waveform(index, into: start) }
        }
      } catch let failure as Failure {
        return .refused(Finding(.mediaUnreadable, failure.found ?? failure.what))
      }
      return .sound(samples, warnings: [])
    case .excerpt(let file, let start): return try excerpt(file, start)
    case .file(let file): return hasWindows ? try pieces(file) : try clip(file)
    }
  }

  /// A whole file for one vector.
  private func clip(_ file: SourceFile) throws -> Heard {
    let most = Int(AudioEmbedder.longestClipSeconds)
    let outcome = try decode(file, start: 0, first: 0, count: most + 1)
    guard let continues = outcome.reply.continues else { return refusal(outcome) }
    let samples = outcome.floats
    guard !continues, samples.count <= most * 16_000 else {
      let length = outcome.reply.sound?.fileSeconds.map { "\(tenths($0)) s" } ?? "over \(most) s"
      return .refused(.soundLong(length, most: most))
    }
    guard samples.count >= AudioEmbedder.fewestSamples else { return .refused(.soundShort(samples.count)) }
    return .sound(samples, warnings: outcome.reply.findings)
  }

  /// A whole file for windows.
  private func pieces(_ file: SourceFile) throws -> Heard {
    var samples: [Float] = []
    while true {
      let outcome = try decode(
        file, start: 0, first: samples.count / 16_000, count: SoundPieces.seconds)
      guard let continues = outcome.reply.continues else { return refusal(outcome) }
      samples += outcome.floats
      if continues {
        if samples.count >= Self.mostKept { return .long }
        continue
      }
      guard samples.count >= WindowCut.length else { return .refused(.noWindow(samples.count)) }
      return .sound(samples, warnings: outcome.reply.findings)
    }
  }

  /// Ten seconds of a file, padded with silence where up to half a second is missing, as in training shards.
  private func excerpt(_ file: SourceFile, _ start: Int) throws -> Heard {
    let outcome = try decode(file, start: start, first: 0, count: DecodeRequest.clipSeconds)
    guard outcome.reply.continues != nil else { return refusal(outcome) }
    var samples = outcome.floats
    let wanted = DecodeRequest.clipSeconds * 16_000
    guard samples.count >= wanted - 8_000 else {
      let seconds = tenths(Double(samples.count) / 16_000)
      return .refused(Finding(.clipShort, "sound to \(seconds) s of \(DecodeRequest.clipSeconds) s"))
    }
    samples += [Float](repeating: 0, count: wanted - samples.count)
    return .sound(samples, warnings: outcome.reply.findings)
  }

  private func decode(_ file: SourceFile, start: Int, first: Int, count: Int) throws -> DecodeOutcome {
    try workers.decode(
      DecodeRequest(path: file.path, startSeconds: start, work: .waveform(first: first, count: count)))
  }

  private func refusal(_ outcome: DecodeOutcome) -> Heard {
    .refused(outcome.reply.findings.first ?? Finding(.mediaUnreadable, "no reason given"))
  }
}

/// What several hearing threads share; `lock` guards all of it.
private final class HearingState: @unchecked Sendable {
  private let lock = NSLock()
  private var next = 0
  private var samples = 0
  private var heard: [Int: SoundHearing.Heard] = [:]

  /// The next item while there is one and memory for it.
  func take(_ count: Int, below limit: Int) -> Int? {
    lock.withLock {
      guard next < count, samples < limit else { return nil }
      defer { next += 1 }
      return next
    }
  }

  func put(_ result: SoundHearing.Heard, at index: Int) {
    lock.withLock {
      heard[index] = result
      if case .sound(let sound, _) = result { samples += sound.count }
    }
  }

  /// All that were taken, in order.
  var results: [SoundHearing.Heard] { lock.withLock { (0..<next).compactMap { heard[$0] } } }
}

extension Finding {
  static func soundLong(_ length: String, most: Int) -> Finding {
    Finding(ReasonCode(rawValue: "sound.long"), "\(length), and one vector serves at most \(most) s; use --windows")
  }
  static func soundShort(_ samples: Int) -> Finding {
    Finding(ReasonCode(rawValue: "sound.short"), "\(samples) samples at 16 kHz")
  }
  static func noWindow(_ samples: Int) -> Finding {
    Finding(
      ReasonCode(rawValue: "sound.short"), "\(samples) samples at 16 kHz, and a window has \(WindowCut.length)")
  }
}

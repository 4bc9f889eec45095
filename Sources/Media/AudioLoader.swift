import Audio
import Basics
import Corpus
import Foundation

/// Loads audio as the encoder takes it: 16 kHz, one channel, not rounded after decoding.
///
/// Everything that computes embeddings loads audio here, so that a file always gets the same embedding. Files are
/// decoded in parallel in worker processes.
package struct AudioLoader: Sendable {
  package enum Source: Sendable {
    /// The whole audio of a file.
    case file(MediaSource)
    /// A clip of a file, padded with silence if up to half a second is missing, as in training shards. With
    /// `shortAsWhole`, a clip of which more is missing is what there is; otherwise it is refused.
    case excerpt(
      MediaSource, startMilliseconds: Int, seconds: Int = ClipLength.usual, shortAsWhole: Bool = false)
    /// Audio that is already decoded, such as a sample of a training shard.
    case stored(@Sendable () throws -> [Float])
  }

  /// The purpose of the audio. It sets the longest and shortest audio accepted.
  package enum Use: Sendable, Equatable {
    /// One embedding for the whole audio.
    case clip
    /// One embedding for each second, normalized together. With `shortAsWhole`, audio too short for a window gets one
    /// embedding for all of it.
    case windows(shortAsWhole: Bool)
    /// A labeled recording, second by second.
    case recording

    /// The longest file that is loaded whole. One embedding says little about a longer file, and memory grows with its
    /// length. For windows, a longer file is embedded piece by piece and decoded twice.
    package var mostSeconds: Int {
      switch self {
      case .clip: FrontEnd.mostSeconds
      case .windows: 300
      case .recording: 600
      }
    }

    private var needsWindow: Bool { self == .windows(shortAsWhole: false) }
    var fewestSamples: Int { needsWindow ? WindowCut.length : FrontEnd.fewestSamples }

    fileprivate func short(_ samples: Int) -> Finding {
      let wanted = needsWindow ? ", and a window has \(WindowCut.length)" : ""
      return Finding(ReasonCode(rawValue: "sound.short"), "\(samples) samples at 16 kHz\(wanted)")
    }
  }

  package struct Content: Sendable {
    /// At 16 kHz, in −1…1.
    package var samples: [Float]
    package var warnings: [Finding] = []
    /// The key of the first ten seconds as a shard would store it (`FlacDecoder.contentKey`), if it was asked for.
    package var contentKey: String?
  }

  /// The result for one source.
  package enum Loaded: Sendable {
    case audio(Content)
    /// Longer than `mostSeconds`; the length as text.
    case long(String)
    case refused(Finding)

    /// Why there is no audio; empty when there is.
    package var reason: String {
      switch self {
      case .audio: ""
      case .long(let length):
        "sound.long: \(length), and one embedding serves at most \(Use.clip.mostSeconds) s"
      case .refused(let finding): "\(finding.code): \(finding.evidence)"
      }
    }
  }

  private let workers: DecodeWorkers
  private let threads: WorkerThreads
  private let use: Use
  private let findsKeys: Bool

  /// The samples in memory at a time, apart from one more source for each thread.
  private static let mostTogether = 8 << 20
  private static let mostSources = 64

  /// - Parameter findsKeys: whether files get a `contentKey`; their first ten seconds are then decoded a second time.
  package init(_ use: Use, workers: DecodeWorkers, threads: WorkerThreads, findsKeys: Bool = false) {
    (self.use, self.workers, self.threads, self.findsKeys) = (use, workers, threads, findsKeys)
  }

  /// Loads all sources in order, as many at a time as fit into memory, and passes them to `body` with the index of the
  /// first. Nothing is loaded while `body` runs: computing embeddings uses all processors, and decoding at the same
  /// time would evict their caches.
  /// - Throws: `Failure` if no worker starts, `Interruption.failure`, and what `body` throws.
  package func loadAll(_ sources: [Source], _ body: (_ first: Int, _ loaded: [Loaded]) throws -> Void) throws {
    var first = 0
    while first < sources.count {
      let loaded = try load(sources[first...])
      try body(first, loaded)
      first += loaded.count
    }
  }

  /// Loads sources from the first on, as many as fit into memory together.
  /// - Returns: at least one, in the order of `sources`.
  /// - Throws: `Failure` if no worker starts, `Interruption.failure`.
  package func load(_ sources: ArraySlice<Source>) throws -> [Loaded] {
    let state = LoadingState()
    let sources = Array(sources.prefix(Self.mostSources))
    try threads.tryForEach(threads.count) { _, _ in
      while !Interruption.isRequested, let index = state.take(sources.count, below: Self.mostTogether) {
        let loaded = try load(sources[index])
        state.put(loaded, at: index)
      }
    }
    if Interruption.isRequested { throw Interruption.failure }
    return state.results
  }

  private func load(_ source: Source) throws -> Loaded {
    switch source {
    case .stored(let samples):
      do {
        return .audio(Content(samples: try samples()))
      } catch let failure as Failure {
        return .refused(Finding(.mediaUnreadable, failure.found ?? failure.what))
      }
    case .excerpt(let source, let start, let seconds, let shortAsWhole):
      let clip = DecodeRequest(source, startMilliseconds: start, seconds: seconds, work: .audio)
      return try keyed(excerpt(clip, shortAsWhole: shortAsWhole), clip)
    case .file(let source): return try keyed(file(source), DecodeRequest(source, work: .audio))
    }
  }

  /// Loads the whole audio of a file in pieces, because each reply must fit into a message.
  private func file(_ source: MediaSource) throws -> Loaded {
    var samples: [Float] = []
    while true {
      let work = DecodeRequest.Work.waveform(
        first: samples.count / FrontEnd.sampleRate, count: AudioPieces.seconds)
      let outcome = try workers.decode(DecodeRequest(source, work: work))
      guard let continues = outcome.reply.continues else { return refusal(outcome) }
      samples += outcome.floats
      if continues, !outcome.floats.isEmpty {
        guard samples.count >= use.mostSeconds * FrontEnd.sampleRate else { continue }
        let length = outcome.reply.audio?.fileSeconds.map { "\(tenths($0)) s" } ?? "over \(use.mostSeconds) s"
        return .long(length)
      }
      guard samples.count >= use.fewestSamples else { return .refused(use.short(samples.count)) }
      return .audio(Content(samples: samples, warnings: outcome.reply.findings))
    }
  }

  private func excerpt(_ clip: DecodeRequest, shortAsWhole: Bool) throws -> Loaded {
    var request = clip
    request.work = .waveform(first: 0, count: clip.seconds)
    let outcome = try workers.decode(request)
    guard outcome.reply.continues != nil else { return refusal(outcome) }
    var samples = outcome.floats
    let wanted = clip.seconds * FrontEnd.sampleRate
    guard samples.count <= wanted else {
      return .refused(Finding(.mediaUnreadable, "a decoder gave \(samples.count) samples for \(wanted)"))
    }
    guard samples.count >= wanted - FrontEnd.sampleRate / 2 else {
      if shortAsWhole {
        guard samples.count >= use.fewestSamples else { return .refused(use.short(samples.count)) }
        return .audio(Content(samples: samples, warnings: outcome.reply.findings))
      }
      let seconds = tenths(Double(samples.count) / Double(FrontEnd.sampleRate))
      return .refused(Finding(.clipShort, "audio to \(seconds) s of \(clip.seconds) s"))
    }
    samples += [Float](repeating: 0, count: wanted - samples.count)
    return .audio(Content(samples: samples, warnings: outcome.reply.findings))
  }

  /// - Parameter clip: the request for what a shard would hold.
  private func keyed(_ loaded: Loaded, _ clip: DecodeRequest) throws -> Loaded {
    guard findsKeys, case .audio(var audio) = loaded else { return loaded }
    let outcome = try workers.decode(clip)
    audio.contentKey = outcome.payload.withUnsafeBytes { FlacDecoder.contentKey($0) }
    return .audio(audio)
  }

  private func refusal(_ outcome: DecodeOutcome) -> Loaded {
    .refused(outcome.reply.findings.first ?? Finding(.mediaUnreadable, "no reason given"))
  }
}

/// The state that the loading threads share; `lock` guards all of it.
private final class LoadingState: @unchecked Sendable {
  private let lock = NSLock()
  private var next = 0
  private var samples = 0
  private var loaded: [Int: AudioLoader.Loaded] = [:]

  /// The index of the next source, if there is one and memory is left for it.
  func take(_ count: Int, below limit: Int) -> Int? {
    lock.withLock {
      guard next < count, samples < limit else { return nil }
      defer { next += 1 }
      return next
    }
  }

  func put(_ result: AudioLoader.Loaded, at index: Int) {
    lock.withLock {
      loaded[index] = result
      if case .audio(let audio) = result { samples += audio.samples.count }
    }
  }

  /// The results of all sources taken, in order.
  var results: [AudioLoader.Loaded] { lock.withLock { (0..<next).compactMap { loaded[$0] } } }
}

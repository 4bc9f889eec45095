import Audio
import Corpus

/// The whole sound of a file, or what follows a second of it, at 16 kHz in one channel: piece by piece in bounded memory.
///
/// The samples do not depend on how the sound is cut into pieces: each lasts whole seconds, so that the resampler's phase is the
/// same as if there were one. Bits do not depend on the CPU, as in `SoundDecoder`.
final class SoundStream {
  let path: String
  let startSeconds: Int
  /// Seconds handed out so far.
  private(set) var seconds = 0
  private let source: any SoundSource
  private var lanes: [SoundLane] = []
  /// Decoded, but further on than the last piece.
  private var held: SoundBlock?
  private var isRead = false
  private var energies = SoundEnergies()
  /// Whether the first channel stands for all. Settled by the first piece that is not silent, so that it does not change on
  /// the way.
  private var takesFirst: Bool?

  /// A clock that jumps further than this is damage.
  private static let longestSeconds: Int64 = 100 * 3600
  private static let mostRates = 4

  /// - Throws: `Refusal`: `media.unreadable`, `audio.missing` or `media.memory`.
  init(_ path: String, startSeconds: Int, seeks: Bool) throws {
    (self.path, self.startSeconds) = (path, startSeconds)
    do {
      source = try LibavSoundSource(path, startSeconds: startSeconds, seeks: seeks)
    } catch let refusal as Refusal where refusal.finding.code == .mediaUnreadable && startSeconds == 0 {
      guard let other = try? SndFileSoundSource(path) else { throw refusal }
      source = other
    }
  }

  struct Piece {
    /// At 16 kHz. Fewer than asked for only where the sound ends.
    var samples: [Float]
    /// Whether no sound follows.
    var isLast: Bool
    var facts: SoundFacts
    var findings: [Finding]
  }

  /// The sound of the next `count` seconds.
  /// - Throws: `Refusal`: `audio.missing` when there was none at all, `media.memory`; `SeekFailed`.
  func next(_ count: Int, plain: Bool = false) throws -> Piece {
    let range = seconds..<seconds + count
    try fill(until: range.upperBound)
    guard !lanes.isEmpty else { throw Refusal(.nothingHeard(nothingReason)) }
    let first = takesFirst ?? energies.cancel(source.channels)
    if !energies.areZero { takesFirst = first }
    var output = [Float](repeating: 0, count: count * SoundWindow.outputRate)
    for lane in lanes { try lane.resample(range, takingFirst: first, plain: plain, into: &output) }
    let end = lanes.map(\.outputEnd).max() ?? 0
    let begin = Int64(range.lowerBound * SoundWindow.outputRate)
    let isLast = isRead && held == nil && end <= begin + Int64(output.count)
    if isLast { output.removeLast(output.count - Int(max(0, min(Int64(output.count), end - begin)))) }
    for i in lanes.indices { lanes[i].forget(before: range.upperBound) }
    seconds = range.upperBound
    var findings: [Finding] = []
    if first { findings.append(.opposite(source.channels)) }
    if source.errors > 0 { findings.append(.damaged(source.errors, of: "sound", last: lastLibraryError())) }
    let facts = SoundFacts(
      coveredSeconds: Double(end) / Double(SoundWindow.outputRate), firstSoundSeconds: 0,
      sourceRate: lanes.first?.rate ?? 0, channels: source.channels, codec: source.codec, decodeErrors: source.errors,
      fileSeconds: source.duration)
    return Piece(samples: output, isLast: isLast, facts: facts, findings: findings)
  }

  /// Decodes what begins before the end of second `limit`, and what the resampler's filter reaches behind it.
  private func fill(until limit: Int) throws {
    while true {
      guard let block = try takeHeld() else { return }
      if block.start / Int64(block.rate) > Self.longestSeconds {
        isRead = true
        return
      }
      guard let place = lane(block.rate) else { continue }
      guard block.start < Int64(limit * block.rate + lanes[place].margin) else {
        held = block
        return
      }
      try lanes[place].add(block, from: source, into: &energies)
    }
  }

  private func takeHeld() throws -> SoundBlock? {
    if let block = held {
      held = nil
      return block
    }
    if isRead { return nil }
    let block = try source.next()
    isRead = block == nil
    return block
  }

  private func lane(_ rate: Int) -> Int? {
    if let place = lanes.firstIndex(where: { $0.rate == rate }) { return place }
    guard lanes.count < Self.mostRates else { return nil }
    lanes.append(SoundLane(rate: rate, second: seconds))
    return lanes.count - 1
  }

  private var nothingReason: String {
    if source.errors > 0 { return nothingDecoded(damaged: source.errors) }
    return startSeconds > 0 ? "no sound at \(startSeconds) s" : "the audio stream is empty"
  }
}

/// The samples of one source rate that the next piece needs: silence where nothing was placed.
struct SoundLane {
  let rate: Int
  /// Samples kept before the piece, and wanted after it, for the resampler's filter.
  let margin: Int
  private var mean: [Float] = []
  private var first: [Float] = []
  /// The position of the first kept sample.
  private var base: Int64
  /// Positions before this hold decoded samples.
  private var end: Int64 = 0

  init(rate: Int, second: Int) {
    self.rate = rate
    margin = 32 * max(1, (rate + SoundWindow.outputRate - 1) / SoundWindow.outputRate) + 64
    base = Int64(second * rate - margin)
  }

  /// The number of 16 kHz samples, from the beginning, in which something was heard.
  var outputEnd: Int64 { (end * Int64(SoundWindow.outputRate) + Int64(rate) - 1) / Int64(rate) }

  mutating func add(_ block: SoundBlock, from source: any SoundSource, into energies: inout SoundEnergies) throws {
    let skipped = Int(max(0, base - block.start))
    guard skipped < block.count else { return }
    let count = block.count - skipped
    let place = Int(block.start + Int64(skipped) - base)
    extend(to: place + count)
    try mean.withUnsafeMutableBufferPointer { mean in
      try first.withUnsafeMutableBufferPointer { first in
        guard let mean = mean.baseAddress, let first = first.baseAddress else { return }
        try source.mix(from: skipped, count: count, mean: mean + place, first: first + place, into: &energies)
      }
    }
    end = max(end, block.start + Int64(block.count))
  }

  private mutating func extend(to count: Int) {
    guard count > mean.count else { return }
    mean.append(contentsOf: repeatElement(0, count: count - mean.count))
    first.append(contentsOf: repeatElement(0, count: count - first.count))
  }

  /// Adds the sound of these seconds at 16 kHz to `output`.
  /// - Throws: `Refusal`: `media.memory`.
  func resample(_ seconds: Range<Int>, takingFirst: Bool, plain: Bool, into output: inout [Float]) throws {
    var padded = self
    let length = Int(Int64(seconds.upperBound * rate + margin) - base)
    padded.extend(to: length)
    let source = takingFirst ? padded.first : padded.mean
    let origin = Int(Int64(seconds.lowerBound * rate) - base)
    if rate == SoundWindow.outputRate {
      for i in output.indices { output[i] += source[origin + i] }
      return
    }
    guard
      Resampler.add(
        source, count: length, origin: origin, from: rate, to: SoundWindow.outputRate, plain: plain, into: &output)
    else { throw Refusal(.outOfMemory("resampling")) }
  }

  /// Drops what no piece from this second on needs.
  mutating func forget(before second: Int) {
    let kept = Int64(second * rate - margin)
    let dropped = min(Int(kept - base), mean.count)
    guard dropped > 0 else {
      base = max(base, kept)
      return
    }
    mean.removeFirst(dropped)
    first.removeFirst(dropped)
    base = kept
  }
}

/// The stream that a worker is in the middle of: the next request is mostly for what follows.
enum SoundStreams {
  nonisolated(unsafe) private static var current: SoundStream?

  /// Seconds [first, first + count) after `startSeconds`. Called by one thread at a time.
  ///
  /// A function of the request alone: a stream that stands elsewhere is opened anew and read up to there.
  static func piece(_ request: DecodeRequest, first: Int, count: Int, seeks: Bool, plain: Bool) throws
    -> SoundStream.Piece
  {
    var stream = current
    current = nil
    if stream?.path != request.path || stream?.startSeconds != request.startSeconds || stream?.seconds != first {
      stream = try SoundStream(request.path, startSeconds: request.startSeconds, seeks: seeks)
    }
    guard let stream else { throw Refusal(.unreadable("no stream")) }
    while stream.seconds < first {
      let passed = try stream.next(min(count, first - stream.seconds), plain: plain)
      if passed.isLast { return SoundStream.Piece(samples: [], isLast: true, facts: passed.facts, findings: []) }
    }
    let piece = try stream.next(count, plain: plain)
    if !piece.isLast { current = stream }
    return piece
  }
}

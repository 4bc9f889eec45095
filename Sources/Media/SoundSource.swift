import CFFmpeg
import Corpus

/// Samples that lie together: `count` of them from position `start`, counted at `rate` on the clip clock.
struct SoundBlock {
  var rate: Int
  var start: Int64
  var count: Int
}

/// Where decoded sound comes from, block by block in the order of time.
protocol SoundSource: AnyObject {
  /// The next block, or nil after the last.
  /// - Throws: `Refusal`: `media.memory`; `SeekFailed`.
  func next() throws -> SoundBlock?
  /// Writes samples [from, from + count) of the block that `next` gave last as one channel: the mean of all, and the first.
  /// - Throws: `Refusal`: `media.memory`.
  func mix(
    from: Int, count: Int, mean: UnsafeMutablePointer<Float>, first: UnsafeMutablePointer<Float>,
    into energies: inout SoundEnergies) throws
  var channels: Int { get }
  var codec: String { get }
  /// Packets and frames that failed so far.
  var errors: Int { get }
  /// The whole file's length as its container states it, in seconds.
  var duration: Double? { get }
}

/// Sums of squares: of the mean of the channels, and of each channel.
struct SoundEnergies {
  var mean = 0.0
  var channels = [Double](repeating: 0, count: Int(MEDIA_MOST_CHANNELS))

  var areZero: Bool { channels.allSatisfy { $0 == 0 } }

  /// Whether mixing loses the sound: the mean has under a thousandth of the loudest channel's energy.
  func cancel(_ count: Int) -> Bool { count > 1 && mean * 1000 < channels.max() ?? 0 }
}

/// The sound of a file that libav reads, on the presentation clock.
final class LibavSoundSource: SoundSource {
  private let file: MediaFile
  private let decoder: StreamDecoder
  private let windowStart: MediaTime
  private let startSeconds: Int
  private var placement: SoundPlacement?
  private var placedRate = 0
  private var skipped = 0
  private var unusable = 0
  private let wasSought: Bool
  private var isFirst = true
  private(set) var channels = 0
  private static let approachSeconds: Int64 = 2

  /// - Parameter startSeconds: where position 0 is, after the presentation start of the file.
  /// - Throws: `Refusal`: `media.unreadable`, `audio.missing` or `media.memory`.
  init(_ path: String, startSeconds: Int, seeks: Bool) throws {
    file = try MediaFile(path, onlySound: true, seeks: seeks)
    if file.hasNeither { throw Refusal(.unreadable("neither sound nor picture in it")) }
    guard let stream = file.audio else {
      throw Refusal(file.undecodable(Int(MEDIA_KIND_AUDIO)).map { .noAudioDecoder($0) } ?? .noAudioStream)
    }
    self.startSeconds = startSeconds
    decoder = try StreamDecoder(file, stream, missing: Finding.nothingHeard)
    windowStart = file.start + MediaTime(Int64(startSeconds), timescale: 1)
    // A little before, so that decoders whose state reaches back are in step when the sound begins.
    let approach = windowStart - MediaTime(Self.approachSeconds, timescale: 1)
    wasSought = startSeconds > Self.approachSeconds && file.seek(stream, to: approach)
    if wasSought { decoder.restart() }
  }

  var codec: String { decoder.stream.codec }
  var errors: Int { decoder.errors + unusable }
  var duration: Double? { file.duration }

  func next() throws -> SoundBlock? {
    while let facts = try decoder.next() {
      let rate = Int(facts.sample_rate)
      guard facts.samples > 0, facts.channels > 0, (1...SoundWindow.highestRate).contains(rate) else {
        unusable += 1
        continue
      }
      let time = decoder.stream.time(facts.presented).map { $0 - windowStart }
      if isFirst, wasSought, time.map({ MediaTime.zero < $0 }) ?? true { throw SeekFailed() }
      isFirst = false
      place(rate)
      channels = max(channels, Int(facts.channels))
      let position =
        time.map { $0.units(of: Int64(rate)) } ?? (placement?.next == nil ? Int64(-startSeconds * rate) : nil)
      guard let placed = placement?.place(position, count: Int(facts.samples)) else { continue }
      skipped = placed.skipped
      if skipped < Int(facts.samples) {
        return SoundBlock(rate: rate, start: placed.start, count: Int(facts.samples) - skipped)
      }
    }
    return nil
  }

  private func place(_ rate: Int) {
    if placedRate == rate { return }
    let tick = file.soundTick(decoder.stream)
    placement =
      placement.map { SoundPlacement($0, from: placedRate, to: rate, tick: tick) }
      ?? SoundPlacement(rate: rate, tick: tick)
    placedRate = rate
  }

  func mix(
    from: Int, count: Int, mean: UnsafeMutablePointer<Float>, first: UnsafeMutablePointer<Float>,
    into energies: inout SoundEnergies
  ) throws {
    let result = media_mix(
      decoder.frame, Int32(skipped + from), Int32(count), mean, first, &energies.mean, &energies.channels)
    if media_is_out_of_memory(result) { throw Refusal(.outOfMemory("mixing")) }
    if result != 0 { unusable += 1 }
  }
}

import CFFmpeg
import Corpus

/// The sound of a file that libav reads, frame by frame, each with its place on the presentation clock.
final class PlacedSound {
  /// Samples [skipped, count) of the decoder's frame belong at `start`, counted at `rate` from the window's start.
  struct Frame {
    var rate: Int
    var start: Int64
    var skipped: Int
    var count: Int
  }

  private(set) var channels = 0
  private let file: MediaFile
  private let decoder: StreamDecoder
  private let startSeconds: Int
  /// On the file's clock.
  private let windowStart: MediaTime
  private var placement: SoundPlacement?
  private var placedRate = 0
  private var unusable = 0
  private var hasBegun = false

  /// A little before the start, so that decoders whose state reaches back are in step when it comes.
  private static let approachSeconds: Int64 = 2

  /// - Parameter startSeconds: where position 0 is, after the presentation start of the file.
  /// - Throws: `Refusal`: `audio.missing` or `media.memory`.
  init(_ file: MediaFile, startSeconds: Int) throws {
    guard let stream = file.audio else {
      throw Refusal(file.undecodable(Int(MEDIA_KIND_AUDIO)).map { .noAudioDecoder($0) } ?? .noAudioStream)
    }
    self.file = file
    self.startSeconds = startSeconds
    decoder = try StreamDecoder(file, stream, missing: Finding.nothingHeard)
    windowStart = file.start + MediaTime(Int64(startSeconds), timescale: 1)
  }

  var codec: String { decoder.stream.codec }
  /// What libav holds of the frame that `next` gave last.
  var samples: OpaquePointer { decoder.frame }
  /// Packets and frames that failed so far.
  var errors: Int { decoder.errors + unusable }

  /// The next frame, or nil after the last.
  /// - Parameter takes: whether samples of this rate are of use; others count as damage.
  /// - Throws: `Refusal`: `media.memory`; `SeekFailed`.
  func next(takes: (_ rate: Int) -> Bool = { _ in true }) throws -> Frame? {
    let sought = !hasBegun && seek()
    var isFirst = !hasBegun
    hasBegun = true
    while let facts = try decoder.next() {
      let rate = Int(facts.sample_rate)
      guard facts.samples > 0, facts.channels > 0, (1...SoundWindow.highestRate).contains(rate) else {
        unusable += 1
        continue
      }
      let time = decoder.stream.time(facts.presented).map { $0 - windowStart }
      if isFirst, sought, time.map({ MediaTime.zero < $0 }) ?? true { throw SeekFailed() }
      isFirst = false
      guard takes(rate) else {
        unusable += 1
        continue
      }
      channels = max(channels, Int(facts.channels))
      let count = Int(facts.samples)
      var clock = placement(rate)
      // Without any time the stream begins where the file does.
      let position = time.map { $0.units(of: Int64(rate)) } ?? (clock.next == nil ? Int64(-startSeconds * rate) : nil)
      let placed = clock.place(position, count: count)
      placement = clock
      return Frame(rate: rate, start: placed.start, skipped: placed.skipped, count: count)
    }
    return nil
  }

  /// Counts what libav says of a frame's samples.
  /// - Throws: `Refusal`: `media.memory`.
  func count(_ result: Int32) throws {
    if media_is_out_of_memory(result) { throw Refusal(.outOfMemory("mixing")) }
    if result != 0 { unusable += 1 }
  }

  private func seek() -> Bool {
    let approach = windowStart - MediaTime(Self.approachSeconds, timescale: 1)
    let sought = startSeconds > Self.approachSeconds && file.seek(decoder.stream, to: approach)
    if sought { decoder.restart() }
    return sought
  }

  /// The clock counted at this rate: a stream may change its rate on the way.
  private func placement(_ rate: Int) -> SoundPlacement {
    let (old, tick) = (placedRate, file.soundTick(decoder.stream))
    placedRate = rate
    guard let placement else { return SoundPlacement(rate: rate, tick: tick) }
    return old == rate ? placement : SoundPlacement(placement, from: old, to: rate, tick: tick)
  }
}

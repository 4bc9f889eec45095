import Audio
import CFFmpeg
import Corpus

/// The audio of a file that libav reads. Each block has its place on the clip clock.
final class LibavAudioSource: AudioSource {
  private(set) var channels = 0
  private let file: MediaFile
  private let decoder: StreamDecoder
  private let frames: AudioFrames
  private var current: OpaquePointer?
  private let start: MediaTime
  /// On the file's clock.
  private let windowStart: MediaTime
  private var placement: AudioPlacement?
  private var placedRate = 0
  private var rateChanges: [MediaTime] = []
  private var unusable = 0
  private var hasBegun = false

  /// Decoding begins this long before the start, so that decoders that depend on earlier packets are in a correct state
  /// by then.
  private static let approachSeconds: Int64 = 2
  /// The most sample rates within the length of a clip and its surroundings; more of them are treated as damage.
  private static let mostRates = 4
  private static let rateSeconds: Int64 = 13

  /// - Parameters:
  ///   - start: the position of sample 0 after the presentation start of the file.
  ///   - choice: the index of the audio stream; 0 is the chosen one.
  /// - Throws: `Refusal`: `media.unreadable`, `audio.missing` or `media.memory`.
  init(_ input: MediaInput, start: MediaTime, seeks: Bool, choice: Int = 0) throws {
    file = try MediaFile(input, onlyAudio: true, seeks: seeks)
    if file.hasNeither { throw Refusal(.unreadable("neither audio nor video in it")) }
    guard choice < file.audioStreams.count else {
      throw Refusal(file.undecodable(MEDIA_KIND_AUDIO, Finding.noAudioDecoder) ?? .noAudioStream)
    }
    self.start = start
    decoder = try StreamDecoder(file, file.audioStreams[choice], missing: Finding.nothingHeard)
    frames = AudioFrames(decoder)
    windowStart = file.start + start
  }

  var codec: String { decoder.stream.codec }
  /// The number of audio streams.
  var choices: Int { file.audioStreams.count }
  /// For messages.
  var streamName: String { "stream \(decoder.stream.index) (\(codec))" }
  /// Whether libav takes the samples for another format.
  var isMisread: Bool { decoder.stream.facts.is_misread }
  var errors: Int { frames.errors + unusable }
  var seams: Int { placement?.seams ?? 0 }
  var contradictions: Int { placement?.contradictions ?? 0 }
  var duration: Double? { file.duration }

  func next() throws -> AudioBlock? {
    let sought = !hasBegun && seek()
    var isFirst = !hasBegun
    hasBegun = true
    while let frame = try frames.next() {
      if isFirst, sought, frame.time.map({ windowStart < $0 }) ?? true { throw SeekFailed() }
      isFirst = false
      guard takes(frame.rate) else {
        unusable += 1
        continue
      }
      current = frame.handle
      channels = max(channels, frame.channels)
      var clock = placement(frame.rate)
      var stamp = stamp(frame, at: frame.rate)
      // Without any time, the stream begins where the file begins.
      if clock.next == nil, stamp.position == nil { stamp.position = -start.units(of: Int64(frame.rate)) }
      let placed = try clock.place(stamp) { try frames.ahead($0 + 1).map { self.stamp($0, at: frame.rate) } }
      placement = clock
      return AudioBlock(
        rate: frame.rate, start: placed.start, skipped: placed.skipped, count: frame.count - placed.skipped)
    }
    current = nil
    return nil
  }

  /// The place of a frame on the clip clock, counted at this rate.
  private func stamp(_ frame: AudioFrames.Frame, at rate: Int) -> AudioPlacement.Stamp {
    let count = MediaTime(Int64(frame.count), timescale: Int64(frame.rate)).units(of: Int64(rate))
    return AudioPlacement.Stamp(
      position: frame.time.map { ($0 - windowStart).units(of: Int64(rate)) }, count: Int(count))
  }

  func mix(
    from: Int, count: Int, mean: UnsafeMutablePointer<Float>, first: UnsafeMutablePointer<Float>,
    into energies: inout ChannelEnergies
  ) throws -> Bool {
    guard let current else { return false }
    let result = media_mix(
      current, Int32(from), Int32(count), mean, first, &energies.mean, &energies.channels)
    if media_is_out_of_memory(result) { throw Refusal(.outOfMemory("mixing")) }
    if result != 0 { unusable += 1 }
    return result == 0
  }

  private func seek() -> Bool {
    let approach = windowStart - MediaTime(Self.approachSeconds, timescale: 1)
    let sought = MediaTime(Self.approachSeconds, timescale: 1) < start && file.seek(decoder.stream, to: approach)
    if sought { decoder.restart() }
    return sought
  }

  /// Whether to use samples of this rate: a stream may change its rate, but not again and again.
  private func takes(_ rate: Int) -> Bool {
    if rate == placedRate { return true }
    if let next = placement?.next {
      let now = MediaTime(next, timescale: Int64(placedRate))
      rateChanges.removeAll { $0 < now - MediaTime(Self.rateSeconds, timescale: 1) }
      if rateChanges.count + 1 >= Self.mostRates { return false }
      rateChanges.append(now)
    }
    return true
  }

  /// The clock counted at this rate.
  private func placement(_ rate: Int) -> AudioPlacement {
    let (old, tick) = (placedRate, file.audioTick(decoder.stream))
    placedRate = rate
    guard let placement else { return AudioPlacement(rate: rate, tick: tick) }
    return old == rate ? placement : AudioPlacement(placement, from: old, to: rate, tick: tick)
  }
}

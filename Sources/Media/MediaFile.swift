import Basics
import CFFmpeg
import Corpus

/// One open media file: its streams, the chosen ones, and the start of its clock.
///
/// The audio and the video stream are chosen by the same rules. Attached images never count, and only streams with a
/// decoder do. Among these, streams marked default come first, then libav's choice (most frames and bits), else the
/// first. The clock starts at the earliest presentation time of the chosen streams, so audio and frames stay in sync.
final class MediaFile {
  let input: MediaInput
  let handle: OpaquePointer
  let audio: Stream?
  /// All audio streams that can be decoded, the chosen one first.
  let audioStreams: [Stream]
  let video: Stream?
  /// The presentation start of the file: time 0 of a clip that starts at 0.
  let start: MediaTime
  /// The length of the whole file in seconds, as the container states it.
  var duration: Double? {
    let microseconds = media_duration(handle)
    return microseconds == MEDIA_NO_TIME ? nil : Double(microseconds) / 1_000_000
  }
  let streams: [Stream]
  let maySeek: Bool
  let isOnlyAudio: Bool
  /// Whether seeks are exact, once this was checked.
  private var landsExactly: Bool?

  struct Stream {
    let index: Int32
    let facts: media_stream
    let codec: String

    /// A time from `value` in this stream's units.
    func time(_ value: Int64) -> MediaTime? {
      value == MEDIA_NO_TIME ? nil : MediaTime(value, base: facts.base_numerator, facts.base_denominator)
    }
    /// One unit of the stream's clock.
    var tick: MediaTime { time(1) ?? MediaTime(1, timescale: 1000) }
  }

  /// - Parameter onlyAudio: no frames will be decoded. Opening is then cheaper, with the same start and streams.
  /// - Parameter seeks: false after a failed seek: everything is then decoded from the beginning.
  /// - Throws: `Refusal` with `media.unreadable`, `media.format` or `media.memory`.
  init(_ input: MediaInput, onlyAudio: Bool = false, seeks: Bool = true) throws {
    (self.input, maySeek, isOnlyAudio) = (input, seeks, onlyAudio)
    var opened: OpaquePointer?
    let result = media_open(input.media, input.codecs.formats, input.codecs.decoders, onlyAudio, &opened)
    guard result == 0, let opened else {
      if media_is_out_of_memory(result) { throw Refusal(.outOfMemory("opening")) }
      // libav uses this code for many errors; only its message tells them apart.
      let isRefused = lastLibraryError().hasPrefix("Format not on whitelist")
      if isRefused, input.codecs != .all, let format = Self.format(of: input) { throw Refusal(.formatLeftOut(format)) }
      throw Refusal(.unreadable(isRefused ? "a format not read here" : "no known format: \(describe(result))"))
    }
    handle = opened
    streams = (0..<media_stream_count(opened)).map { index in
      var facts = media_stream()
      media_stream_facts(opened, index, &facts)
      return Stream(index: index, facts: facts, codec: String(cString: facts.codec))
    }
    let chosen = Self.choose(MEDIA_KIND_AUDIO, from: streams, of: opened)
    audio = chosen
    audioStreams =
      Self.candidates(MEDIA_KIND_AUDIO, from: streams).filter { $0.index == chosen?.index }
      + Self.candidates(MEDIA_KIND_AUDIO, from: streams).filter { $0.index != chosen?.index }
    video = Self.choose(MEDIA_KIND_VIDEO, from: streams, of: opened)
    start = [audio, video].compactMap { stream in stream.flatMap { $0.time($0.facts.start) } }.min() ?? .zero
  }

  deinit { media_close(handle) }

  private static func candidates<K: BinaryInteger>(_ kind: K, from streams: [Stream]) -> [Stream] {
    streams.filter { Int($0.facts.kind) == Int(kind) && !$0.facts.is_attached_picture && $0.facts.has_decoder }
  }

  private static func choose<K: BinaryInteger>(_ kind: K, from streams: [Stream], of file: OpaquePointer) -> Stream? {
    let candidates = candidates(kind, from: streams)
    let defaults = candidates.filter(\.facts.is_default)
    let preferred = defaults.isEmpty ? candidates : defaults
    let best = media_best_stream(file, Int32(kind))
    return preferred.first { $0.index == best } ?? preferred.first
  }

  /// The reason why an existing stream of this kind cannot be decoded; nil if there is no such stream.
  func undecodable<K: BinaryInteger>(_ kind: K, _ noDecoder: (String) -> Finding) -> Finding? {
    let lost = streams.first {
      Int($0.facts.kind) == Int(kind) && !$0.facts.is_attached_picture && !$0.facts.has_decoder
    }
    return lost.map { $0.facts.is_left_out ? .codecLeftOut($0.codec) : noDecoder($0.codec) }
  }

  /// The format that libav detects, if other settings would allow it.
  private static func format(of input: MediaInput) -> String? {
    guard let name = media_probe(input.media).map({ String(cString: $0) }) else { return nil }
    let isKnown = name.split(separator: ",").contains { known in
      CodecSet.everyFormat.contains { $0.split(separator: ",").contains(known) }
    }
    return isKnown ? name : nil
  }

  /// Whether frames have no presentation times, only their order in the file: libav then gives each frame the time when
  /// it leaves the decoder.
  var timesAreOfDecoding: Bool { format == "avi" }

  /// The resolution of the audio's times. In Ogg only pages have times. libav computes the packet times between them;
  /// these are wrong by part of a Vorbis block where long and short blocks meet, and correct again just after.
  func audioTick(_ stream: Stream) -> MediaTime { format == "ogg" ? MediaTime(1, timescale: 500) : stream.tick }

  /// Whether the container's length comes from an index or a count of samples, not from an estimate by bit rate.
  var statesLength: Bool {
    ["mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "wav", "w64", "aiff", "flac"].contains(format)
  }

  private var format: String { String(cString: media_format_name(handle)) }

  var hasNeither: Bool { audio == nil && video == nil && !streams.contains { $0.facts.kind != MEDIA_KIND_OTHER } }

  /// Whether a seek is exact. It is in formats with an index or a clock in every packet, unless a clock restarts in the
  /// file. In other formats, times after a seek are guesses.
  private func seeksExactly() -> Bool {
    if let known = landsExactly { return known }
    let isExact =
      ["mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"].contains(format) || format == "mpegts" && risesThroughout()
    landsExactly = isExact
    return isExact
  }

  /// Seeks to the last key frame at or before `time` (on the file's own clock). False if that is not possible exactly.
  func seek(_ stream: Stream, to time: MediaTime) -> Bool {
    guard maySeek, let base = stream.time(1), base.value > 0, seeksExactly() else { return false }
    let units = MediaTime(time.value, timescale: time.timescale).units(of: base.timescale) / base.value
    return media_seek(handle, stream.index, units) == 0
  }
}

/// libav's message for a result code.
func describe(_ result: Int32) -> String {
  var text = [CChar](repeating: 0, count: 128)
  media_describe_error(result, &text, text.count)
  return string(text)
}

/// The null-terminated text in a buffer filled by C code.
func string(_ buffer: [CChar]) -> String {
  String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

import CFFmpeg
import CResampler
import Corpus

/// The sound of one clip: decoded, put on the clip clock, mixed to one channel, resampled to 16 kHz, rounded to 16 bit.
///
/// The same bytes on every CPU: the caller has switched libav's vector code off, and what is computed here is plain arithmetic.
struct SoundDecoder {
  private let file: MediaFile
  private let decoder: StreamDecoder
  /// The clip's start on the file's clock.
  private let windowStart: MediaTime
  private let startSeconds: Int
  private var windows: [SoundWindow] = []
  private var placement: SoundPlacement?
  private var channels = 0
  private var unusable = 0

  struct Result {
    /// 160,000 samples.
    var samples: [Int16]
    var facts: SoundFacts
    var findings: [Finding]
  }

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

  /// - Parameter plain: for tests: without vector instructions that some CPUs lack.
  /// - Throws: `Refusal`: `audio.missing` or `media.memory`.
  mutating func decode(plain: Bool = false) throws -> Result {
    try fill()
    guard let last = windows.last, windows.contains(where: { $0.covered != nil }) else {
      throw Refusal(.nothingHeard(nothingReason))
    }
    let takesFirst = cancels
    var mixed = [Float](repeating: 0, count: SoundWindow.outputCount)
    for window in windows { try window.resample(takingFirst: takesFirst, plain: plain, into: &mixed) }
    let samples = [Int16](unsafeUninitializedCapacity: mixed.count) { samples, count in
      if let target = samples.baseAddress { sound_to_int16(mixed, target, Int64(mixed.count)) }
      count = mixed.count
    }
    var findings: [Finding] = []
    // A lossy codec does not give silence back as zeros.
    if samples.allSatisfy({ (-1...1).contains($0) }) { findings.append(.silence) }
    if takesFirst { findings.append(.opposite(channels)) }
    let errors = decoder.errors + unusable
    if errors > 0 { findings.append(.damaged(errors, of: "sound", last: lastLibraryError())) }
    let begins = windows.compactMap { window in window.covered.map { Double($0.lowerBound) / Double(window.rate) } }
    let ends = windows.compactMap { window in window.covered.map { Double($0.upperBound) / Double(window.rate) } }
    let facts = SoundFacts(
      coveredSeconds: ends.max() ?? 0, firstSoundSeconds: begins.min() ?? 0,
      sourceRate: windows.first?.rate ?? last.rate,
      channels: channels, codec: decoder.stream.codec, decodeErrors: errors, fileSeconds: file.duration)
    return Result(samples: samples, facts: facts, findings: findings)
  }

  /// A little before the clip, so that decoders whose state reaches back are in step when it begins.
  private static let approachSeconds: Int64 = 2

  private mutating func fill() throws {
    let approach = windowStart - MediaTime(Self.approachSeconds, timescale: 1)
    let sought = startSeconds > Self.approachSeconds && file.seek(decoder.stream, to: approach)
    if sought { decoder.restart() }
    var isFirst = true
    while let facts = try decoder.next() {
      let rate = Int(facts.sample_rate)
      guard facts.samples > 0, facts.channels > 0, (1...SoundWindow.highestRate).contains(rate) else {
        unusable += 1
        continue
      }
      let time = decoder.stream.time(facts.presented).map { $0 - windowStart }
      if isFirst, sought, time.map({ MediaTime.zero < $0 }) ?? true { throw SeekFailed() }
      isFirst = false
      guard let window = window(rate) else {
        unusable += 1
        continue
      }
      channels = max(channels, Int(facts.channels))
      let count = Int(facts.samples)
      // Without any time the stream begins where the file does.
      let position =
        time.map { $0.units(of: Int64(rate)) } ?? (placement?.next == nil ? Int64(-startSeconds * rate) : nil)
      guard let placed = placement?.place(position, count: count) else { continue }
      if placed.start >= window.end { break }
      let result = window.add(decoder.frame, skipping: placed.skipped, of: count, at: placed.start)
      if media_is_out_of_memory(result) { throw Refusal(.outOfMemory("mixing")) }
      if result != 0 { unusable += 1 }
    }
  }

  /// The window for samples of this rate: a stream may change its rate on the way, and then a second one begins.
  private mutating func window(_ rate: Int) -> SoundWindow? {
    if let last = windows.last, last.rate == rate { return last }
    guard windows.count < Self.mostRates else { return nil }
    let tick = file.soundTick(decoder.stream)
    if let old = placement, let last = windows.last {
      placement = SoundPlacement(old, from: last.rate, to: rate, tick: tick)
    } else {
      placement = SoundPlacement(rate: rate, tick: tick)
    }
    let window = SoundWindow(rate: rate)
    windows.append(window)
    return window
  }

  private static let mostRates = 4

  /// Whether mixing loses the sound: the mean has under a thousandth of the loudest channel's energy.
  private var cancels: Bool {
    let mean = windows.reduce(0) { $0 + $1.meanEnergy }
    let loudest =
      (0..<Int(MEDIA_MOST_CHANNELS)).map { channel in windows.reduce(0) { $0 + $1.energies[channel] } }.max() ?? 0
    return channels > 1 && mean * 1000 < loudest
  }

  private var nothingReason: String {
    let errors = decoder.errors + unusable
    if errors > 0 { return "nothing decoded: \(errors) damaged packets; last: \(lastLibraryError())" }
    return startSeconds > 0 ? "no sound at \(startSeconds) s" : "the audio stream is empty"
  }
}

/// A seek landed after the clip's start: decode from the beginning of the file instead.
struct SeekFailed: Error {}

/// The last line that libav complained with, for evidence.
func lastLibraryError() -> String {
  var text = [CChar](repeating: 0, count: 256)
  _ = media_log_errors(&text, text.count)
  return string(text)
}

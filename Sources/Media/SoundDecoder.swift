import Audio
import CFFmpeg
import Corpus

/// The sound of one clip: decoded, put on the clip clock, mixed to one channel, resampled to 16 kHz, rounded to 16 bit.
///
/// The same bytes on every CPU: the caller has switched libav's vector code off, and what is computed here is plain arithmetic.
struct SoundDecoder {
  private let file: MediaFile
  private let sound: PlacedSound
  private let startSeconds: Int
  private var windows: [SoundWindow] = []

  struct Result {
    /// 160,000 samples.
    var samples: [Int16]
    var facts: SoundFacts
    var findings: [Finding]
  }

  /// - Throws: `Refusal`: `audio.missing` or `media.memory`.
  init(_ file: MediaFile, startSeconds: Int) throws {
    self.file = file
    self.startSeconds = startSeconds
    sound = try PlacedSound(file, startSeconds: startSeconds)
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
    let samples = SixteenBit.rounded(mixed)
    var findings: [Finding] = []
    // A lossy codec does not give silence back as zeros.
    if samples.allSatisfy({ (-1...1).contains($0) }) { findings.append(.silence) }
    if takesFirst { findings.append(.opposite(sound.channels)) }
    let errors = sound.errors
    if errors > 0 { findings.append(.damaged(errors, of: "sound", last: lastLibraryError())) }
    let begins = windows.compactMap { window in window.covered.map { Double($0.lowerBound) / Double(window.rate) } }
    let ends = windows.compactMap { window in window.covered.map { Double($0.upperBound) / Double(window.rate) } }
    let facts = SoundFacts(
      coveredSeconds: ends.max() ?? 0, firstSoundSeconds: begins.min() ?? 0,
      sourceRate: windows.first?.rate ?? last.rate,
      channels: sound.channels, codec: sound.codec, decodeErrors: errors, fileSeconds: file.duration)
    return Result(samples: samples, facts: facts, findings: findings)
  }

  private mutating func fill() throws {
    while let frame = try sound.next(takes: hasRoom) {
      let window = window(frame.rate)
      if frame.start >= window.end { break }
      try sound.count(window.add(sound.samples, skipping: frame.skipped, of: frame.count, at: frame.start))
    }
  }

  private func hasRoom(_ rate: Int) -> Bool { windows.last?.rate == rate || windows.count < Self.mostRates }

  /// The window for samples of this rate: a stream may change its rate on the way, and then another one begins.
  private mutating func window(_ rate: Int) -> SoundWindow {
    if let last = windows.last, last.rate == rate { return last }
    let window = SoundWindow(rate: rate)
    windows.append(window)
    return window
  }

  private static let mostRates = 4

  private var cancels: Bool {
    var energies = SoundEnergies()
    for window in windows { energies.add(window.energies) }
    return energies.cancel(sound.channels)
  }

  private var nothingReason: String {
    let errors = sound.errors
    if errors > 0 { return nothingDecoded(damaged: errors) }
    return startSeconds > 0 ? "no sound at \(startSeconds) s" : "the audio stream is empty"
  }
}

/// A seek landed after the clip's start: decode from the beginning of the file instead.
struct SeekFailed: Error {}

/// Why there is nothing, where packets could not be decoded.
func nothingDecoded(damaged: Int) -> String {
  let last = lastLibraryError()
  return "nothing decoded: \(damaged) damaged packets\(last.isEmpty ? "" : "; last: \(last)")"
}

/// The last line that libav complained with, for evidence.
func lastLibraryError() -> String {
  var text = [CChar](repeating: 0, count: 256)
  _ = media_log_errors(&text, text.count)
  return string(text)
}

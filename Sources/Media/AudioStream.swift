import Audio
import Corpus

/// The audio of a file, from a given time on, at 16 kHz in one channel, piece by piece in bounded memory.
///
/// All audio is placed on the clock here: a clip's audio is the first seconds of a stream. The samples do not depend on
/// the division into pieces: each piece lasts whole seconds, so the resampler's phase is the same as in one long piece.
/// The bits are the same on every CPU: the caller has switched off libav's vector code, and the code here uses plain
/// arithmetic.
final class AudioStream {
  /// Output samples per second.
  static let rate = FrontEnd.sampleRate

  let input: MediaInput
  let start: MediaTime
  /// Seconds handed out so far.
  private(set) var seconds = 0
  private let source: any AudioSource
  /// The number of audio streams in the file, and the name of this one for messages.
  let choices: Int
  let streamName: String
  /// One lane for each sample rate of the source, in order of appearance.
  private var lanes: [AudioLane] = []
  /// Decoded, but after the end of the last piece.
  private var held: AudioBlock?
  private var isRead = false
  private var energies = ChannelEnergies()
  /// Whether the first channel is used alone. The first ten seconds that are not silent decide this, so that it does
  /// not change later.
  private var takesFirst: Bool?
  /// Seconds decoded so far to decide it.
  private var searchedSeconds = 0

  /// A jump of the clock beyond this counts as damage.
  private static let longestSeconds: Int64 = 100 * 3600

  /// Up to this many gaps, overlaps and wrong times are not reported.
  private static let few = 10

  /// Set if the chosen audio stream was silent: says that this one was taken instead.
  var substitution: Finding?
  /// The loudest sample handed out so far.
  private var peak: Float = 0

  /// - Parameters:
  /// - asksOthers: whether to try libsndfile for a file that libav cannot read. Not for a clip: it needs video frames,
  ///   which libsndfile does not read.
  /// - choice: the index of the audio stream; 0 is the chosen one.
  /// - Throws: `Refusal`: `media.unreadable`, `audio.missing` or `media.memory`.
  init(_ input: MediaInput, start: MediaTime, seeks: Bool, asksOthers: Bool, choice: Int = 0) throws {
    (self.input, self.start) = (input, start)
    do {
      let libav = try LibavAudioSource(input, start: start, seeks: seeks, choice: choice)
      (choices, streamName) = (libav.choices, libav.streamName)
      let other = libav.isMisread ? try? SndFileAudioSource(input, start: start) : nil
      source = other ?? libav
    } catch let refusal as Refusal
      where refusal.finding.code == .mediaUnreadable && start == .zero && asksOthers && input.codecs == .all
    {
      guard let other = try? SndFileAudioSource(input) else { throw refusal }
      source = other
      (choices, streamName) = (1, other.codec)
    }
  }

  struct Piece {
    /// At 16 kHz, as many as were asked for. After the end of the audio they are zeros and the resampler's last
    /// ripples.
    var samples: [Float]
    /// How many of the samples come before the end of the audio.
    var count: Int
    /// Whether no audio follows this piece.
    var isLast: Bool
    var facts: AudioFacts
    var findings: [Finding]
  }

  /// The audio of the next `count` seconds.
  /// - Parameter plain: for tests: without vector instructions that some CPUs lack.
  /// - Throws: `Refusal`: `audio.missing` if there is no audio at all, `media.memory`; `SeekFailed`.
  func next(_ count: Int, plain: Bool = false) throws -> Piece {
    let range = seconds..<seconds + count
    try fill(until: range.upperBound)
    guard !lanes.isEmpty else { throw Refusal(.nothingHeard(nothingReason)) }
    let first = takesFirst ?? false
    var output = [Float](repeating: 0, count: count * Self.rate)
    for i in lanes.indices { try lanes[i].resample(range, takingFirst: first, plain: plain, into: &output) }
    let end = lanes.map(\.outputEnd).max() ?? 0
    let rest = end - Int64(range.lowerBound * Self.rate)
    let isLast = isDecoded && rest <= Int64(output.count)
    for i in lanes.indices { lanes[i].forget(before: range.upperBound) }
    seconds = range.upperBound
    peak = max(peak, output.withUnsafeBufferPointer(SixteenBit.peak))
    var findings = substitution.map { [$0] } ?? []
    // A lossy codec does not decode silence to exact zeros.
    if end > 0, SixteenBit.isSilent(peak) { findings.append(.silence(peak: peak)) }
    if first { findings.append(.opposite(source.channels)) }
    if source.errors > 0 { findings.append(.damaged(source.errors, of: "audio", last: lastLibraryError())) }
    if source.contradictions > Self.few { findings.append(.contradicted(source.contradictions)) }
    // A damaged packet leaves a gap and is already reported as damage.
    let seams = source.seams - source.errors
    if seams > max(Self.few, seconds) { findings.append(.placedAnew(source.seams)) }
    let facts = AudioFacts(
      coveredSeconds: Double(end) / Double(Self.rate), firstAudioSeconds: 0, sourceRate: lanes.first?.rate ?? 0,
      channels: source.channels, codec: source.codec, decodeErrors: source.errors, fileSeconds: source.duration)
    return Piece(
      samples: output, count: isLast ? Int(max(0, rest)) : output.count, isLast: isLast, facts: facts,
      findings: findings)
  }

  /// The start and end of the decoded audio within the first seconds, in seconds; nil if there is none.
  func heard(before second: Int) -> ClosedRange<Double>? {
    let ranges = lanes.compactMap { lane -> ClosedRange<Double>? in
      guard let heard = lane.heard, heard.lowerBound < Int64(second * lane.rate) else { return nil }
      let rate = Double(lane.rate)
      return Double(heard.lowerBound) / rate...Double(min(heard.upperBound, Int64(second * lane.rate))) / rate
    }
    guard let begin = ranges.map(\.lowerBound).min(), let end = ranges.map(\.upperBound).max() else { return nil }
    return begin...end
  }

  /// The reason why there is no audio.
  var nothingReason: String {
    if source.errors > 0 { return nothingDecoded(damaged: source.errors) }
    return MediaTime.zero < start ? "no audio at \(start.text) s" : "the audio stream is empty"
  }

  private var isDecoded: Bool { isRead && held == nil }

  /// Decodes what begins before the end of second `limit`, and further if that is needed to choose the channels.
  private func fill(until limit: Int) throws {
    while takesFirst == nil, searchedSeconds < limit, !isDecoded {
      searchedSeconds += ClipLength.usual
      try decode(until: searchedSeconds)
      if !energies.areZero { takesFirst = energies.cancel(source.channels) }
    }
    try decode(until: limit)
  }

  /// Decodes what begins before the end of second `limit`, and the samples after it that the resampler's filter needs.
  private func decode(until limit: Int) throws {
    while let block = try takeHeld() {
      if block.start / Int64(block.rate) > Self.longestSeconds {
        isRead = true
        return
      }
      let place = lane(block.rate)
      let room = lanes[place].end(of: limit) - block.start
      guard room > 0 else {
        held = block
        return
      }
      var fitting = block
      fitting.count = Int(min(Int64(block.count), room))
      try lanes[place].add(fitting, from: source, into: &energies)
      if fitting.count < block.count {
        held = block.dropping(fitting.count)
        return
      }
    }
  }

  private func takeHeld() throws -> AudioBlock? {
    if let block = held {
      held = nil
      return block
    }
    if isRead { return nil }
    let block = try source.next()
    isRead = block == nil
    return block
  }

  private func lane(_ rate: Int) -> Int {
    if let place = lanes.firstIndex(where: { $0.rate == rate }) { return place }
    lanes.append(AudioLane(rate: rate, second: seconds))
    return lanes.count - 1
  }
}

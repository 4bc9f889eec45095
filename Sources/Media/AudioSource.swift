import CFFmpeg

/// Samples that lie together: [skipped, skipped + count) of what was decoded, from position `start` on, counted at
/// `rate` on the clip clock.
struct AudioBlock {
  var rate: Int
  var start: Int64
  var skipped: Int
  var count: Int

  /// What is left of it after its first `taken` samples.
  func dropping(_ taken: Int) -> AudioBlock {
    AudioBlock(rate: rate, start: start + Int64(taken), skipped: skipped + taken, count: count - taken)
  }
}

/// Where decoded audio comes from, block by block in the order of time.
protocol AudioSource: AnyObject {
  /// The next block, which may be empty, or nil after the last.
  /// - Throws: `Refusal`: `media.memory`; `SeekFailed`.
  func next() throws -> AudioBlock?
  /// Writes samples [from, from + count) of what `next` decoded last as one channel: the mean of all, and the first.
  /// - Returns: whether they were written; a sample format that is not known counts as damage.
  /// - Throws: `Refusal`: `media.memory`.
  func mix(
    from: Int, count: Int, mean: UnsafeMutablePointer<Float>, first: UnsafeMutablePointer<Float>,
    into energies: inout ChannelEnergies
  ) throws -> Bool
  var channels: Int { get }
  var codec: String { get }
  /// Packets and frames that failed so far.
  var errors: Int { get }
  /// Blocks that did not follow the one before: holes and overlaps.
  var seams: Int { get }
  /// Frames whose times contradict the samples, and were not heeded.
  var contradictions: Int { get }
  /// The whole file's length as its container states it, in seconds.
  var duration: Double? { get }
}

/// Sums of squares: of the mean of the channels, and of each channel.
struct ChannelEnergies {
  var mean = 0.0
  var channels = [Double](repeating: 0, count: Int(MEDIA_MOST_CHANNELS))

  var areZero: Bool { channels.allSatisfy { $0 == 0 } }

  /// Whether mixing loses the audio: the mean has under a thousandth of the loudest channel's energy.
  func cancel(_ count: Int) -> Bool { count > 1 && mean * 1000 < channels.max() ?? 0 }
}

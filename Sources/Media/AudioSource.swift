import CFFmpeg

/// A run of samples: [skipped, skipped + count) of the decoded samples, starting at position `start`, counted at `rate`
/// on the clip clock.
struct AudioBlock {
  var rate: Int
  var start: Int64
  var skipped: Int
  var count: Int

  /// The rest of the block after its first `taken` samples.
  func dropping(_ taken: Int) -> AudioBlock {
    AudioBlock(rate: rate, start: start + Int64(taken), skipped: skipped + taken, count: count - taken)
  }
}

/// A source of decoded audio, block by block in order of time.
protocol AudioSource: AnyObject {
  /// The next block, which may be empty, or nil after the last.
  /// - Throws: `Refusal`: `media.memory`; `SeekFailed`.
  func next() throws -> AudioBlock?
  /// Writes samples [from, from + count) of the last decoded block as one channel: the mean of all channels, and the
  /// first one.
  /// - Returns: whether they were written; an unknown sample format counts as damage.
  /// - Throws: `Refusal`: `media.memory`.
  func mix(
    from: Int, count: Int, mean: UnsafeMutablePointer<Float>, first: UnsafeMutablePointer<Float>,
    into energies: inout ChannelEnergies
  ) throws -> Bool
  var channels: Int { get }
  var codec: String { get }
  /// The number of packets and frames that failed so far.
  var errors: Int { get }
  /// Blocks that did not follow the one before: gaps and overlaps.
  var seams: Int { get }
  /// Frames whose times contradict the samples and were ignored.
  var contradictions: Int { get }
  /// The length of the whole file as its container states it, in seconds.
  var duration: Double? { get }
}

/// Sums of squares: of the mean of the channels, and of each channel.
struct ChannelEnergies {
  var mean = 0.0
  var channels = [Double](repeating: 0, count: Int(MEDIA_MOST_CHANNELS))

  var areZero: Bool { channels.allSatisfy { $0 == 0 } }

  /// Whether mixing cancels the audio: the mean has less than a thousandth of the loudest channel's energy.
  func cancel(_ count: Int) -> Bool { count > 1 && mean * 1000 < channels.max() ?? 0 }
}

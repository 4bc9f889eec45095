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

  /// Writes samples [from, from + count) of a frame as one channel, and adds their squares.
  /// - Returns: 0, or libav's code for a sample format that is not known or for a lack of memory.
  mutating func mix(
    _ frame: OpaquePointer, from: Int, count: Int, mean place: UnsafeMutablePointer<Float>,
    first: UnsafeMutablePointer<Float>
  ) -> Int32 {
    media_mix(frame, Int32(from), Int32(count), place, first, &mean, &channels)
  }

  mutating func add(_ other: SoundEnergies) {
    mean += other.mean
    for channel in channels.indices { channels[channel] += other.channels[channel] }
  }

  var areZero: Bool { channels.allSatisfy { $0 == 0 } }

  /// Whether mixing loses the sound: the mean has under a thousandth of the loudest channel's energy.
  func cancel(_ count: Int) -> Bool { count > 1 && mean * 1000 < channels.max() ?? 0 }
}

/// The sound of a file that libav reads, on the presentation clock.
final class LibavSoundSource: SoundSource {
  private let file: MediaFile
  private let sound: PlacedSound
  private var skipped = 0

  /// - Parameter startSeconds: where position 0 is, after the presentation start of the file.
  /// - Throws: `Refusal`: `media.unreadable`, `audio.missing` or `media.memory`.
  init(_ path: String, startSeconds: Int, seeks: Bool) throws {
    file = try MediaFile(path, onlySound: true, seeks: seeks)
    if file.hasNeither { throw Refusal(.unreadable("neither sound nor picture in it")) }
    sound = try PlacedSound(file, startSeconds: startSeconds)
  }

  var channels: Int { sound.channels }
  var codec: String { sound.codec }
  var errors: Int { sound.errors }
  var duration: Double? { file.duration }

  func next() throws -> SoundBlock? {
    while let frame = try sound.next() {
      skipped = frame.skipped
      if skipped < frame.count {
        return SoundBlock(rate: frame.rate, start: frame.start, count: frame.count - skipped)
      }
    }
    return nil
  }

  func mix(
    from: Int, count: Int, mean: UnsafeMutablePointer<Float>, first: UnsafeMutablePointer<Float>,
    into energies: inout SoundEnergies
  ) throws {
    try sound.count(energies.mix(sound.samples, from: skipped + from, count: count, mean: mean, first: first))
  }
}

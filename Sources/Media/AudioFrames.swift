import Audio
import CFFmpeg
import Corpus

/// The decoded frames of an audio stream, in stream order. Frames may be decoded ahead of time, because the place of a
/// frame may depend on the times of later frames.
final class AudioFrames {
  /// A frame, and the number of failures up to the time when it was decoded.
  struct Frame {
    let handle: OpaquePointer
    let rate: Int
    let channels: Int
    let count: Int
    /// On the file's clock; nil if it has no time.
    let time: MediaTime?
    let errors: Int
  }

  private let decoder: StreamDecoder
  /// The current frame, then the frames decoded ahead.
  private var held: [Frame] = []
  private var spare: [OpaquePointer] = []
  private var unusable = 0
  private var isAtEnd = false

  init(_ decoder: StreamDecoder) { self.decoder = decoder }

  deinit {
    for frame in held { media_frame_free(frame.handle) }
    for handle in spare { media_frame_free(handle) }
  }

  /// Packets and frames that failed, up to the current frame.
  var errors: Int { held.first?.errors ?? decoder.errors + unusable }

  /// Moves to the next frame, which stays the current one until the next call; nil after the last.
  /// - Throws: `Refusal`: `media.memory`.
  func next() throws -> Frame? {
    if !held.isEmpty { spare.append(held.removeFirst().handle) }
    return try ahead(0)
  }

  /// The frame `places` after the current one; nil if the stream ends before it.
  /// - Throws: `Refusal`: `media.memory`.
  func ahead(_ places: Int) throws -> Frame? {
    while held.count <= places, !isAtEnd {
      guard let frame = try decode() else {
        isAtEnd = true
        break
      }
      held.append(frame)
    }
    return places < held.count ? held[places] : nil
  }

  private func decode() throws -> Frame? {
    while let facts = try decoder.next() {
      let rate = Int(facts.sample_rate)
      guard facts.samples > 0, facts.channels > 0, Resampler.rates.contains(rate) else {
        unusable += 1
        continue
      }
      guard let handle = spare.popLast() ?? media_frame_make() else { throw Refusal(.outOfMemory("decoding")) }
      media_frame_move(handle, decoder.frame)
      return Frame(
        handle: handle, rate: rate, channels: Int(facts.channels), count: Int(facts.samples),
        time: decoder.stream.time(facts.presented), errors: decoder.errors + unusable)
    }
    return nil
  }
}

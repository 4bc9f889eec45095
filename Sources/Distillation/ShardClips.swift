import Basics
import CSndFile
import Corpus
import Shards
import Tensors

/// The pairs of one split of a shard folder, read where they lie: tars are mapped, FLAC is decoded clip by clip.
package final class ShardClips: TrainingClips {
  package let ids: [String]
  package let width: Int
  package let samples = 160_000
  private let clips: TrainingSamples

  package init(_ clips: TrainingSamples) throws {
    self.clips = clips
    ids = (0..<clips.count).map { clips.id($0).text }
    width = clips.count > 0 ? try clips.clip(0).shape.last ?? 0 : 0
  }

  package func waveform(_ clip: Int, into place: UnsafeMutablePointer<Float>) throws {
    let id = ids[clip]
    try FlacDecoder.decode(try clips.bytes(clip, .sound), samples: samples, clip: id, into: place)
  }

  /// Rows are spread evenly over the clip's ten seconds: of a crop those from floor(start · rows / 160,000) on count.
  package func target(_ clip: Int, samples range: Range<Int>) throws -> [Float] {
    let rows = try clips.clip(clip)
    guard rows.shape.count == 2, rows.shape[0] > 0, rows.shape[1] == width else {
      throw Failure.vectorWidth(ids[clip], found: rows.shape.last ?? 0, expected: width)
    }
    let first = min(range.lowerBound * rows.shape[0] / samples, rows.shape[0] - 1)
    let count = max(1, range.count * rows.shape[0] / samples)
    let chosen = first..<min(rows.shape[0], first + count)
    let values = try rows.floats()
    var sums = [Double](repeating: 0, count: width)
    for i in chosen.lowerBound * width..<chosen.upperBound * width { sums[i % width] += Double(values[i]) }
    return sums.map { Float($0 / Double(chosen.count)) }
  }

  /// The label of a clip, where its record has one.
  package func label(_ clip: Int) throws -> String? {
    struct Record: Decodable { var label: String? }
    let bytes = try clips.bytes(clip, .record)
    return try CanonicalJSON.decode(Record.self, from: Array(bytes), source: ids[clip]).label
  }
}

/// Sound in memory, and how far it was read.
private struct FlacSource {
  var bytes: UnsafeRawBufferPointer
  var position = 0
}

/// FLAC in memory to samples, through libsndfile.
enum FlacDecoder {
  /// Fills `samples` floats in −1…1; shorter sound is padded with zeros.
  /// - Throws: `Failure` when it is no 16 kHz mono sound.
  static func decode(
    _ bytes: UnsafeRawBufferPointer, samples: Int, clip: String, into place: UnsafeMutablePointer<Float>
  ) throws {
    var source = FlacSource(bytes: bytes)
    try withUnsafeMutablePointer(to: &source) { source in
      var io = SF_VIRTUAL_IO(
        get_filelen: { Int64(state($0)?.pointee.bytes.count ?? 0) },
        seek: { offset, whence, user in
          guard let s = state(user) else { return -1 }
          let base =
            whence == SEEK_SET ? 0 : whence == SEEK_CUR ? Int64(s.pointee.position) : Int64(s.pointee.bytes.count)
          let target = base + offset
          guard target >= 0, target <= Int64(s.pointee.bytes.count) else { return -1 }
          s.pointee.position = Int(target)
          return target
        },
        read: { target, count, user in
          guard let s = state(user), let target, count > 0 else { return 0 }
          let size = min(Int(count), s.pointee.bytes.count - s.pointee.position)
          if size > 0, let start = s.pointee.bytes.baseAddress {
            target.copyMemory(from: start + s.pointee.position, byteCount: size)
          }
          s.pointee.position += size
          return Int64(size)
        },
        write: { _, _, _ in 0 }, tell: { Int64(state($0)?.pointee.position ?? 0) })
      var info = SF_INFO()
      guard let file = sf_open_virtual(&io, Int32(SFM_READ), &info, source) else {
        throw Failure.sound(clip, String(cString: sf_strerror(nil)))
      }
      defer { sf_close(file) }
      guard info.samplerate == 16_000, info.channels == 1 else {
        throw Failure.sound(clip, "\(info.samplerate) Hz, \(info.channels) channels")
      }
      let count = Int(sf_read_float(file, place, Int64(samples)))
      guard count > 0 else { throw Failure.sound(clip, String(cString: sf_strerror(file))) }
      for i in count..<max(count, samples) { place[i] = 0 }
    }
  }
}

/// What libsndfile's callbacks read from. Not a method: a C function pointer captures nothing.
private func state(_ user: UnsafeMutableRawPointer?) -> UnsafeMutablePointer<FlacSource>? {
  user?.assumingMemoryBound(to: FlacSource.self)
}

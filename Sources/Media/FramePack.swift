import Basics

/// The frames of one clip in one blob: what the store keeps of its video.
///
/// Little-endian: `FRMS`, version UInt32 (1), count UInt32; then for each frame its time Float64 (seconds on the clip clock, not
/// falling), length UInt32, and that many bytes of JPEG. Nothing follows the last.
package enum FramePack {
  package struct Frame: Sendable, Equatable {
    /// The time the frame was asked for, on the clip clock; what was on the screen then.
    package var time: Double
    package var jpeg: [UInt8]

    package init(time: Double, jpeg: [UInt8]) {
      self.time = time
      self.jpeg = jpeg
    }
  }

  private static let magic: [UInt8] = Array("FRMS".utf8)
  private static let version: UInt32 = 1
  /// Ten seconds at the highest rate.
  private static let mostFrames: UInt32 = 2400

  package static func encode(_ frames: [Frame]) -> [UInt8] {
    var bytes = magic
    bytes.reserveCapacity(frames.reduce(12) { $0 + 12 + $1.jpeg.count })
    append(version, to: &bytes)
    append(UInt32(frames.count), to: &bytes)
    for frame in frames {
      append(frame.time.bitPattern, to: &bytes)
      append(UInt32(frame.jpeg.count), to: &bytes)
      bytes += frame.jpeg
    }
    return bytes
  }

  /// - Throws: `Failure` for anything that `encode` does not write.
  package static func decode(_ bytes: [UInt8]) throws -> [Frame] {
    var reader = Reader(bytes: bytes)
    let head = try reader.take(4)
    guard Array(head) == magic else {
      throw Failure.framePack("wrong first bytes", found: "\(Array(head))", expected: "\(magic)")
    }
    let found: UInt32 = try reader.integer()
    guard found == version else {
      throw Failure.framePack("unknown version", found: "\(found)", expected: "\(version)")
    }
    let count: UInt32 = try reader.integer()
    guard count <= mostFrames else {
      throw Failure.framePack("too many frames", found: "\(count)", expected: "at most \(mostFrames)")
    }
    var frames: [Frame] = []
    for _ in 0..<count {
      let time = Double(bitPattern: try reader.integer())
      guard time.isFinite, time >= frames.last?.time ?? -.infinity else {
        throw Failure.framePack("times out of order", found: "\(time)", expected: "not before the last")
      }
      let length: UInt32 = try reader.integer()
      frames.append(Frame(time: time, jpeg: Array(try reader.take(Int(length)))))
    }
    guard reader.rest == 0 else {
      throw Failure.framePack("bytes after the last frame", found: "\(reader.rest)", expected: "0")
    }
    return frames
  }

  private static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  private struct Reader {
    let bytes: [UInt8]
    var position = 0
    var rest: Int { bytes.count - position }

    mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
      guard count <= rest else {
        throw Failure.framePack("it ends early", found: "\(rest) bytes", expected: "\(count)")
      }
      defer { position += count }
      return bytes[position..<position + count]
    }

    mutating func integer<T: FixedWidthInteger>() throws -> T {
      try take(T.bitWidth / 8).reversed().reduce(0) { $0 << 8 | T(truncatingIfNeeded: $1) }
    }
  }
}

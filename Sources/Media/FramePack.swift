import Basics

/// The frames of one clip in one block of bytes, as the store keeps them.
///
/// Little-endian: `FRMS`, version UInt32 (1), count UInt32; then for each frame its time as Float64 (seconds on the
/// clip clock, never decreasing), its length as UInt32, and that many bytes of JPEG. Nothing follows the last frame.
package enum FramePack {
  package struct Frame: Sendable, Equatable {
    /// The requested time on the clip clock; the frame was on the screen at this time.
    package var time: Double
    package var jpeg: [UInt8]

    package init(time: Double, jpeg: [UInt8]) {
      self.time = time
      self.jpeg = jpeg
    }
  }

  private static let magic: [UInt8] = Array("FRMS".utf8)
  private static let version: UInt32 = 1
  /// The longest clip at the highest rate.
  private static let mostFrames: UInt32 = 60 * 240

  package static func encode(_ frames: [Frame]) -> [UInt8] {
    var bytes = ByteWriter(magic, reserving: frames.reduce(12) { $0 + 12 + $1.jpeg.count })
    bytes.write(version)
    bytes.write(UInt32(frames.count))
    for frame in frames {
      bytes.write(frame.time.bitPattern)
      bytes.write(UInt32(frame.jpeg.count))
      bytes.write(frame.jpeg)
    }
    return bytes.bytes
  }

  /// - Throws: `Failure` for anything that `encode` does not write.
  package static func decode(_ bytes: [UInt8]) throws -> [Frame] {
    try bytes.withUnsafeBytes { try decode($0) }
  }

  private static func decode(_ bytes: UnsafeRawBufferPointer) throws -> [Frame] {
    var reader = ByteReader(bytes)
    let head = try take(4, &reader)
    guard head.elementsEqual(magic) else {
      throw Failure.framePack("wrong first bytes", found: "\(Array(head))", expected: "\(magic)")
    }
    let found: UInt32 = try integer(&reader)
    guard found == version else {
      throw Failure.framePack("unknown version", found: "\(found)", expected: "\(version)")
    }
    let count: UInt32 = try integer(&reader)
    guard count <= mostFrames else {
      throw Failure.framePack("too many frames", found: "\(count)", expected: "at most \(mostFrames)")
    }
    var frames: [Frame] = []
    for _ in 0..<count {
      let time = Double(bitPattern: try integer(&reader))
      guard time.isFinite, time >= frames.last?.time ?? -.infinity else {
        throw Failure.framePack("times out of order", found: "\(time)", expected: "not before the last")
      }
      let length: UInt32 = try integer(&reader)
      frames.append(Frame(time: time, jpeg: Array(try take(Int(length), &reader))))
    }
    guard reader.remaining == 0 else {
      throw Failure.framePack("bytes after the last frame", found: "\(reader.remaining)", expected: "0")
    }
    return frames
  }

  private static func take(_ count: Int, _ reader: inout ByteReader) throws -> UnsafeRawBufferPointer {
    guard let bytes = reader.take(count) else { throw cut(reader, count) }
    return bytes
  }

  private static func integer<T: FixedWidthInteger>(_ reader: inout ByteReader) throws -> T {
    guard let value = reader.integer(T.self) else { throw cut(reader, MemoryLayout<T>.size) }
    return value
  }

  private static func cut(_ reader: ByteReader, _ wanted: Int) -> Failure {
    Failure.framePack("it ends early", found: "\(reader.remaining) bytes", expected: "\(wanted)")
  }
}

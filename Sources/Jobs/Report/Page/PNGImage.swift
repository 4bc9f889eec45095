import Basics

/// A palette image as PNG, stored without compression: a few tens of kilobytes on a page, without a library.
package struct PNGImage: Sendable, Equatable {
  package let width: Int
  package let height: Int
  /// Rows from the top, one byte a pixel.
  package var pixels: [UInt8]

  package init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0 && pixels.count == width * height, "pixels are not \(width) × \(height)")
    (self.width, self.height, self.pixels) = (width, height, pixels)
  }

  /// Maps values to shades between the smallest and the largest; values that are not finite get the darkest shade.
  package init(width: Int, height: Int, values: [Float], range: ClosedRange<Float>? = nil) {
    let finite = values.filter(\.isFinite)
    let low = range?.lowerBound ?? finite.min() ?? 0
    let high = range?.upperBound ?? finite.max() ?? 1
    let scale = high > low ? 255 / (high - low) : 0
    self.init(
      width: width, height: height,
      pixels: values.map { $0.isFinite ? UInt8(min(255, max(0, (($0 - low) * scale).rounded()))) : 0 })
  }

  /// From dark blue through violet and orange to pale yellow, with evenly increasing lightness, so that it is readable
  /// without color too.
  private static let palette: [UInt8] = {
    let stops: [(Double, [Double])] = [
      (0, [4, 4, 20]), (0.25, [66, 16, 105]), (0.5, [158, 44, 98]), (0.75, [235, 110, 48]), (1, [252, 250, 180]),
    ]
    return (0..<256).flatMap { index -> [UInt8] in
      let place = Double(index) / 255
      let next = max(1, stops.firstIndex { $0.0 >= place } ?? stops.count - 1)
      let (a, b) = (stops[next - 1], stops[next])
      let share = (place - a.0) / (b.0 - a.0)
      return (0..<3).map { UInt8((a.1[$0] + share * (b.1[$0] - a.1[$0])).rounded()) }
    }
  }()

  package var bytes: [UInt8] {
    var rows: [UInt8] = []
    rows.reserveCapacity((width + 1) * height)
    for row in 0..<height {
      rows.append(0)
      rows += pixels[row * width..<(row + 1) * width]
    }
    var header = ByteWriter()
    header.write(bigEndian: UInt32(width))
    header.write(bigEndian: UInt32(height))
    header.write([8, 3, 0, 0, 0])
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + Self.chunk("IHDR", header.bytes)
      + Self.chunk("PLTE", Self.palette) + Self.chunk("IDAT", Self.stored(rows)) + Self.chunk("IEND", [])
  }

  /// A zlib stream of stored blocks.
  private static func stored(_ data: [UInt8]) -> [UInt8] {
    var result = ByteWriter([0x78, 0x01])
    var start = 0
    repeat {
      let count = min(65_535, data.count - start)
      result.write(UInt8(start + count == data.count ? 1 : 0))
      let size = UInt16(count)
      for word in [size, ~size] { result.write(word) }
      result.write(data[start..<start + count])
      start += count
    } while start < data.count
    var (a, b) = (UInt32(1), UInt32(0))
    for byte in data {
      a = (a + UInt32(byte)) % 65_521
      b = (b + a) % 65_521
    }
    result.write(bigEndian: b << 16 | a)
    return result.bytes
  }

  private static func chunk(_ name: StaticString, _ data: [UInt8]) -> [UInt8] {
    let body = Array("\(name)".utf8) + data
    var chunk = ByteWriter(reserving: body.count + 8)
    chunk.write(bigEndian: UInt32(data.count))
    chunk.write(body)
    chunk.write(bigEndian: checksum(body))
    return chunk.bytes
  }

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
  }

  private static func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { table[Int(($0 ^ UInt32($1)) & 255)] ^ ($0 >> 8) }
  }
}

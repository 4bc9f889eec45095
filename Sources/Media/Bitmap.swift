import Basics
import CFFmpeg

/// A still image in memory: rows from the top, 8 bits per channel.
package struct Bitmap: Sendable, Equatable {
  package var width: Int
  package var height: Int
  /// 3: red, green, blue. 4: with alpha.
  package var channels: Int
  /// Whether the file held color indices: such an image is resized by taking the nearest pixel.
  package var isPalette = false
  /// `[height, width, channels]`.
  package var pixels: [UInt8]

  package init(width: Int, height: Int, channels: Int = 3, pixels: [UInt8]) {
    precondition(pixels.count == width * height * channels, "\(pixels.count) bytes for \(width) × \(height)")
    (self.width, self.height, self.channels, self.pixels) = (width, height, channels, pixels)
  }

  /// More pixels than any camera or scanner produces.
  private static let mostPixels: Int64 = 1 << 27

  /// Decodes a JPEG or PNG file to the same pixels on every CPU. They equal Pillow's, apart from differences of 1 in
  /// the brightness of some JPEGs. Like Pillow, it ignores the orientation that a camera recorded.
  /// - Throws: `picture.unreadable`.
  package init(decoding bytes: [UInt8], source: String) throws {
    var bitmap = media_bitmap()
    let result = media_bitmap_decode(bytes, bytes.count, Self.mostPixels, &bitmap)
    guard result == 0, let start = bitmap.pixels else { throw Failure.imageUnreadable(source, describe(result)) }
    defer { media_bitmap_free(&bitmap) }
    (width, height, channels) = (Int(bitmap.width), Int(bitmap.height), Int(bitmap.channels))
    isPalette = bitmap.is_palette
    pixels = Array(UnsafeBufferPointer(start: start, count: width * height * channels))
  }

  /// The part inside a rectangle, which must lie inside the image.
  package func cropped(x: Int, y: Int, width: Int, height: Int) -> Bitmap {
    var part: [UInt8] = []
    part.reserveCapacity(width * height * channels)
    for row in y..<y + height {
      let start = (row * self.width + x) * channels
      part += pixels[start..<start + width * channels]
    }
    return Bitmap(width: width, height: height, channels: channels, pixels: part)
  }

  /// The image without its alpha channel.
  package var withoutAlpha: Bitmap {
    guard channels == 4 else { return self }
    var colors: [UInt8] = []
    colors.reserveCapacity(width * height * 3)
    for pixel in 0..<width * height { colors += pixels[4 * pixel..<4 * pixel + 3] }
    return Bitmap(width: width, height: height, pixels: colors)
  }

  /// The image scaled so that its shorter side fits the model, then center-cropped. 8-bit colors, byte for byte as
  /// Pillow and open_clip compute them.
  package func squared(side: Int) -> Bitmap {
    let (short, long) = (min(width, height), max(width, height))
    // Integer division, rounded down: side · long / short.
    let longer = side * long / short
    let size = width <= height ? (width: side, height: longer) : (width: longer, height: side)
    let resized = resized(width: size.width, height: size.height)
    return resized.cropped(
      x: Self.halved(size.width - side), y: Self.halved(size.height - side), width: side, height: side
    ).withoutAlpha
  }

  /// Half of the count; halves round to the even neighbor, as in Python.
  private static func halved(_ count: Int) -> Int { count % 4 == 3 ? count / 2 + 1 : count / 2 }
}

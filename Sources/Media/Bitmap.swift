import Basics
import CFFmpeg

/// A still image in memory: rows from the top, 8 bits a channel.
package struct Bitmap: Sendable, Equatable {
  package var width: Int
  package var height: Int
  /// 3: red, green, blue. 4: alpha as well.
  package var channels: Int
  /// Whether the file held numbers of a few colors: such an image is resized by taking the nearest pixel.
  package var isPalette = false
  /// `[height, width, channels]`.
  package var pixels: [UInt8]

  package init(width: Int, height: Int, channels: Int = 3, pixels: [UInt8]) {
    precondition(pixels.count == width * height * channels, "\(pixels.count) bytes for \(width) × \(height)")
    (self.width, self.height, self.channels, self.pixels) = (width, height, channels, pixels)
  }

  /// No image of a camera or a scanner is larger.
  private static let mostPixels: Int64 = 1 << 27

  /// The pixels of a JPEG or PNG file, the same on every CPU: those that Pillow has, but for a difference of 1 in some
  /// of a JPEG's brightness. A note that the image was taken with a turned camera is not heeded, as Pillow does not.
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

  /// What lies in a rectangle, which must lie inside the image.
  package func cropped(x: Int, y: Int, width: Int, height: Int) -> Bitmap {
    var part: [UInt8] = []
    part.reserveCapacity(width * height * channels)
    for row in y..<y + height {
      let start = (row * self.width + x) * channels
      part += pixels[start..<start + width * channels]
    }
    return Bitmap(width: width, height: height, channels: channels, pixels: part)
  }

  /// Red, green and blue alone.
  package var withoutAlpha: Bitmap {
    guard channels == 4 else { return self }
    var colors: [UInt8] = []
    colors.reserveCapacity(width * height * 3)
    for pixel in 0..<width * height { colors += pixels[4 * pixel..<4 * pixel + 3] }
    return Bitmap(width: width, height: height, pixels: colors)
  }

  /// The shorter side made as long as the model's, then the middle: 8-bit colors, byte for byte as Pillow and open_clip
  /// make them.
  package func squared(side: Int) -> Bitmap {
    let (short, long) = (min(width, height), max(width, height))
    // In whole numbers: side · long / short, cut off.
    let longer = side * long / short
    let size = width <= height ? (width: side, height: longer) : (width: longer, height: side)
    let resized = resized(width: size.width, height: size.height)
    return resized.cropped(
      x: Self.halved(size.width - side), y: Self.halved(size.height - side), width: side, height: side
    ).withoutAlpha
  }

  /// Half of it, with halves to the even neighbor, as Python rounds.
  private static func halved(_ count: Int) -> Int { count % 4 == 3 ? count / 2 + 1 : count / 2 }
}

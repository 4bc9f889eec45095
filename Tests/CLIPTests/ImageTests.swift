import Basics
import Media
import TestSupport
import Testing

@testable import CLIP

@Suite("Image preprocessing for CLIP")
struct ImageTests {
  private static func noise(_ width: Int, _ height: Int) -> Bitmap {
    var random = SeededRandom(seed: 7, for: "\(width) \(height)")
    return Bitmap(
      width: width, height: height,
      pixels: (0..<width * height * 3).map { _ in UInt8(truncatingIfNeeded: random.next() >> 40) })
  }

  @Test("a single color stays that color, for any size")
  func flat() {
    for (width, height) in [(640, 360), (10, 300), (31, 31), (224, 224)] {
      let flat = Bitmap(
        width: width, height: height, pixels: (0..<width * height).flatMap { _ in [200 as UInt8, 7, 90] })
      let prepared = flat.squared(side: 48)
      #expect(prepared.width == 48 && prepared.height == 48)
      #expect(prepared.pixels == (0..<48 * 48).flatMap { _ in [200 as UInt8, 7, 90] })
    }
  }

  @Test("the same bytes as from Pillow", .enabled(if: (try? Python.run("import PIL")) != nil))
  func pillow() throws {
    let scratch = try Scratch()
    for (width, height, side) in [(97, 41, 32), (40, 61, 64), (256, 144, 224), (33, 33, 32)] {
      let noise = Self.noise(width, height)
      try Files.write(noise.pixels, to: scratch["in"])
      try Python.run(
        """
        import sys
        from PIL import Image
        w, h, n = map(int, sys.argv[1:4])
        p = Image.frombytes("RGB", (w, h), open(sys.argv[4], "rb").read())
        s, l = min(w, h), max(w, h)
        size = (n, int(n * l / s)) if w <= h else (int(n * l / s), n)
        p = p.resize(size, Image.BICUBIC)
        x, y = round((p.width - n) / 2), round((p.height - n) / 2)
        open(sys.argv[5], "wb").write(p.crop((x, y, x + n, y + n)).tobytes())
        """, "\(width)", "\(height)", "\(side)", scratch["in"], scratch["out"])
      #expect(
        noise.squared(side: side).pixels == (try Files.read(scratch["out"])), "\(width) × \(height)")
    }
  }

  @Test("a file that is not an image is refused, and damaged images are read or refused")
  func damaged() throws {
    #expect(throws: Failure.self) { try Bitmap(decoding: Array("GIF89a".utf8), source: "x.gif") }
    #expect(throws: Failure.self) { try Bitmap(decoding: [], source: "empty") }
  }
}

/// Resizes 8-bit images byte for byte as Pillow does. The filter is bicubic (a = −0.5), widened when shrinking to cover
/// all source pixels under a target pixel. It runs horizontally, then vertically, in 22-bit fixed point, and rounds to
/// 8 bits after each pass.
extension Bitmap {
  package func resized(width: Int, height: Int) -> Bitmap {
    if width == self.width, height == self.height { return self }
    if isPalette { return nearest(width: width, height: height) }
    guard channels == 4 else { return across(width).down(height) }
    return multipliedByAlpha().across(width).down(height).dividedByAlpha()
  }

  private func across(_ width: Int) -> Bitmap {
    if width == self.width { return self }
    let weights = ResizeWeights(from: self.width, to: width)
    var result = [UInt8](repeating: 0, count: width * height * channels)
    pixels.withUnsafeBufferPointer { pixels in
      for row in 0..<height {
        for x in 0..<width {
          let (first, range) = (weights.firsts[x], weights.ranges[x])
          for channel in 0..<channels {
            var at = (row * self.width + first) * channels + channel
            var sum = ResizeWeights.half
            for k in range {
              sum &+= Int32(pixels[at]) &* weights.values[k]
              at += channels
            }
            result[(row * width + x) * channels + channel] = ResizeWeights.rounded(sum)
          }
        }
      }
    }
    return Bitmap(width: width, height: height, channels: channels, pixels: result)
  }

  private func down(_ height: Int) -> Bitmap {
    if height == self.height { return self }
    let (weights, line) = (ResizeWeights(from: self.height, to: height), width * channels)
    var result = [UInt8](repeating: 0, count: height * line)
    var sums = [Int32](repeating: 0, count: line)
    pixels.withUnsafeBufferPointer { pixels in
      for y in 0..<height {
        for i in 0..<line { sums[i] = ResizeWeights.half }
        for (step, k) in weights.ranges[y].enumerated() {
          let (start, weight) = ((weights.firsts[y] + step) * line, weights.values[k])
          for i in 0..<line { sums[i] &+= Int32(pixels[start + i]) &* weight }
        }
        for i in 0..<line { result[y * line + i] = ResizeWeights.rounded(sums[i]) }
      }
    }
    return Bitmap(width: width, height: height, channels: channels, pixels: result)
  }

  private func nearest(width: Int, height: Int) -> Bitmap {
    func places(_ from: Int, _ to: Int) -> [Int] {
      let step = Double(from) / Double(to)
      var (at, places) = (step * 0.5, [Int]())
      for _ in 0..<to {
        places.append(min(from - 1, Int(at)))
        at += step
      }
      return places
    }
    let (columns, rows) = (places(self.width, width), places(self.height, height))
    var result: [UInt8] = []
    for row in rows {
      for column in columns {
        let start = (row * self.width + column) * channels
        result += pixels[start..<start + channels]
      }
    }
    return Bitmap(width: width, height: height, channels: channels, pixels: result)
  }

  private func multipliedByAlpha() -> Bitmap {
    mappingColors { color, alpha in
      let product = Int(color) * Int(alpha) + 128
      return UInt8((product >> 8 + product) >> 8)
    }
  }

  private func dividedByAlpha() -> Bitmap {
    mappingColors { color, alpha in
      alpha == 0 || alpha == 255 ? color : UInt8(min(255, 255 * Int(color) / Int(alpha)))
    }
  }

  private func mappingColors(_ body: (_ color: UInt8, _ alpha: UInt8) -> UInt8) -> Bitmap {
    var result = self
    for pixel in 0..<width * height {
      for c in 0..<3 { result.pixels[4 * pixel + c] = body(pixels[4 * pixel + c], pixels[4 * pixel + 3]) }
    }
    return result
  }
}

/// The source pixels and weights for each pixel of a resized line.
private struct ResizeWeights {
  /// For each target pixel: its first source pixel, and the range of its weights.
  private(set) var firsts: [Int] = []
  private(set) var ranges: [Range<Int>] = []
  /// In fixed point.
  private(set) var values: [Int32] = []

  private static let bits = 22
  static let half = Int32(1) << (bits - 1)
  static func rounded(_ sum: Int32) -> UInt8 { UInt8(max(0, min(255, sum >> bits))) }

  init(from: Int, to: Int) {
    let scale = Double(from) / Double(to)
    let wide = max(scale, 1)
    let support = 2 * wide
    for x in 0..<to {
      let center = (Double(x) + 0.5) * scale
      let first = max(0, Int(center - support + 0.5))
      let end = min(from, Int(center + support + 0.5))
      let raw = (first..<end).map { Self.bicubic((Double($0) - center + 0.5) * (1 / wide)) }
      let total = raw.reduce(0, +)
      firsts.append(first)
      ranges.append(values.count..<values.count + raw.count)
      for weight in raw {
        let share = (total != 0 ? weight / total : weight) * Double(1 << Self.bits)
        values.append(Int32(share < 0 ? share - 0.5 : share + 0.5))
      }
    }
  }

  private static func bicubic(_ x: Double) -> Double {
    let (x, a) = (abs(x), -0.5)
    if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
    return 0
  }
}

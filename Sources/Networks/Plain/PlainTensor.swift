import Basics

/// The values of parameters in double precision, and the mode in which layers are computed.
package struct PlainValues: Sendable {
  /// By name.
  package var values: [String: [Double]]
  /// Whether norms use running statistics; else those of the batch.
  package var isFrozen = false
  package var dropout: (@Sendable (String, Int) -> [Float])?
  package var dropoutKeys: DropoutKeys?
  /// The memory that layers inside `WithMemory` attend to.
  package var memory: PlainTensor?

  package init(_ values: [String: [Double]], isFrozen: Bool = false) {
    (self.values, self.isFrozen) = (values, isFrozen)
  }

  /// The values in `parameters`.
  package init(_ parameters: Parameters, isFrozen: Bool = false) {
    var values: [String: [Double]] = [:]
    for (slots, buffer) in [
      (parameters.layout.trainable, parameters.trainable), (parameters.layout.running, parameters.running),
    ] {
      for slot in slots { values[slot.name] = buffer[slot.offset..<slot.offset + slot.count].map(Double.init) }
    }
    self.init(values, isFrozen: isFrozen)
  }

  package subscript(_ name: String) -> [Double] { values[name] ?? [] }
}

/// An activation in double precision, `[images][channels][height][width]`, with operations computed from their
/// definitions. Slow; for tests.
package struct PlainTensor: Sendable, Equatable {
  package var images: Int
  package var channels: Int
  package var height: Int
  package var width: Int
  package var values: [Double]

  package init(images: Int, channels: Int, height: Int = 1, width: Int = 1, _ values: [Double]? = nil) {
    (self.images, self.channels, self.height, self.width) = (images, channels, height, width)
    self.values = values ?? [Double](repeating: 0, count: images * channels * height * width)
  }

  package func offset(_ n: Int, _ c: Int, _ r: Int, _ q: Int) -> Int { ((n * channels + c) * height + r) * width + q }

  package func convolved(
    with weight: [Double], outputChannels: Int, kernel: Int, stride: Int, padding: Int
  ) -> PlainTensor {
    var y = PlainTensor(
      images: images, channels: outputChannels, height: (height + 2 * padding - kernel) / stride + 1,
      width: (width + 2 * padding - kernel) / stride + 1)
    for n in 0..<images {
      for o in 0..<outputChannels {
        for r in 0..<y.height {
          for q in 0..<y.width {
            y.values[y.offset(n, o, r, q)] = dot(weight, n, o, r * stride, q * stride, kernel, padding)
          }
        }
      }
    }
    return y
  }

  /// One value of a convolution: the window starts `padding` before (row, column).
  private func dot(_ weight: [Double], _ n: Int, _ o: Int, _ row: Int, _ column: Int, _ kernel: Int, _ padding: Int)
    -> Double
  {
    var sum = 0.0
    for i in 0..<channels {
      for u in 0..<kernel where (0..<height).contains(row - padding + u) {
        for v in 0..<kernel where (0..<width).contains(column - padding + v) {
          sum +=
            values[offset(n, i, row - padding + u, column - padding + v)]
            * weight[((o * channels + i) * kernel + u) * kernel + v]
        }
      }
    }
    return sum
  }

  /// Normalized over each channel's values in all images, or with running statistics.
  package func batchNormalized(_ parameters: PlainValues, _ prefix: String) -> PlainTensor {
    let (scale, shift) = (parameters["\(prefix).weight"], parameters["\(prefix).bias"])
    var y = self
    for c in 0..<channels {
      let places = (0..<images).flatMap { n in (0..<height * width).map { offset(n, c, 0, 0) + $0 } }
      var (mean, variance) = (0.0, 0.0)
      if parameters.isFrozen {
        (mean, variance) = (parameters["\(prefix).running_mean"][c], parameters["\(prefix).running_var"][c])
      } else {
        for i in places { mean += values[i] / Double(places.count) }
        for i in places { variance += (values[i] - mean) * (values[i] - mean) / Double(places.count) }
      }
      let deviation = (variance + BatchNorm.epsilon).squareRoot()
      for i in places { y.values[i] = (values[i] - mean) / deviation * scale[c] + shift[c] }
    }
    return y
  }

  package func relu() -> PlainTensor { mapped { max(0, $0) } }

  package func mapped(_ body: (Double) -> Double) -> PlainTensor {
    PlainTensor(images: images, channels: channels, height: height, width: width, values.map(body))
  }

  package func adding(_ other: PlainTensor) -> PlainTensor {
    PlainTensor(
      images: images, channels: channels, height: height, width: width, zip(values, other.values).map { $0 + $1 })
  }

  package func multiplied(by factors: [Double]) -> PlainTensor {
    PlainTensor(images: images, channels: channels, height: height, width: width, zip(values, factors).map { $0 * $1 })
  }

  /// Places outside the image are ignored.
  package func maxPooled(kernel: Int, stride: Int, padding: Int) -> PlainTensor {
    var y = PlainTensor(
      images: images, channels: channels, height: (height + 2 * padding - kernel) / stride + 1,
      width: (width + 2 * padding - kernel) / stride + 1)
    for n in 0..<images {
      for c in 0..<channels {
        for r in 0..<y.height {
          for q in 0..<y.width {
            var most = -Double.infinity
            for row in r * stride - padding..<r * stride - padding + kernel where (0..<height).contains(row) {
              for column in q * stride - padding..<q * stride - padding + kernel where (0..<width).contains(column) {
                most = max(most, values[offset(n, c, row, column)])
              }
            }
            y.values[y.offset(n, c, r, q)] = most
          }
        }
      }
    }
    return y
  }

  package func meanPooled() -> PlainTensor {
    let pixels = height * width
    return PlainTensor(
      images: images, channels: channels,
      (0..<images * channels).map { k in
        values[k * pixels..<(k + 1) * pixels].reduce(0, +) / Double(pixels)
      })
  }

  /// Rows of `channels` values, one for each image and token, times `[outputs, channels]`ᵀ, plus a bias.
  package func linear(_ weight: [Double], _ bias: [Double], outputs: Int) -> PlainTensor {
    mappingTokens { row in
      (0..<outputs).map { o in row.indices.reduce(bias[o]) { $0 + row[$1] * weight[o * row.count + $1] } }
    }
  }

  /// Applies `body` to each token's row of values.
  package func mappingTokens(_ body: (_ row: [Double]) -> [Double]) -> PlainTensor {
    var y: PlainTensor?
    for n in 0..<images {
      for t in 0..<height * width {
        let row = body((0..<channels).map { values[offset(n, $0, 0, t)] })
        if y == nil { y = PlainTensor(images: images, channels: row.count, height: height, width: width) }
        for (c, value) in row.enumerated() {
          if let place = y?.offset(n, c, 0, t) { y?.values[place] = value }
        }
      }
    }
    return y ?? self
  }

  /// e^x / Σ e^x.
  package static func softmax(_ x: [Double]) -> [Double] {
    let most = x.max() ?? 0
    let powers = x.map { exponential($0 - most) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }
}

import Basics
import Testing

@testable import Kernels

@Suite("Convolutions and products agree with their definition")
struct ConvolutionTests {
  @Test(
    "this project's convolutions on each instruction set, for odd sizes, with norms", arguments: KernelTests.sets,
    [(3, 1), (3, 2), (1, 2)])
  func own(set: InstructionSet, kind: (kernel: Int, stride: Int)) throws {
    for (images, input, output, height, width) in [
      (1, 32, 32, 1, 1), (2, 64, 64, 9, 15), (3, 32, 96, 7, 13), (1, 96, 32, 4, 4), (1, 32, 64, 65, 5),
      (2, 128, 128, 17, 29), (1, 32, 32, 6, 12), (1, 32, 32, 2, 11),
    ] {
      let shape = ConvolutionShape(
        images: images, inputChannels: input, height: height, width: width, outputChannels: output,
        kernel: kind.kernel, stride: kind.stride, padding: kind.kernel / 2)
      try compare(try #require(OwnConvolution(shape, training: true, set)), shape)
    }
    let wide = ConvolutionShape(
      images: 1, inputChannels: 32, height: 8, width: 8, outputChannels: 32, kernel: 5, stride: kind.stride, padding: 2)
    #expect(OwnConvolution(wide, training: true, set) == nil)
  }

  @Test(
    "every instruction set gives the same bits, with FMA instructions or the library's fma",
    arguments: [(3, 1), (3, 2), (1, 2)])
  func sameBits(kind: (kernel: Int, stride: Int)) throws {
    // More tiles than a block has, blocks that end in the middle of a run, and less than one run.
    for (images, input, output, height, width) in [
      (3, 64, 32, 33, 14), (2, 128, 64, 41, 37), (1, 32, 96, 7, 5), (1, 256, 256, 9, 15),
    ] {
      let shape = ConvolutionShape(
        images: images, inputChannels: input, height: height, width: width, outputChannels: output,
        kernel: kind.kernel, stride: kind.stride, padding: kind.kernel / 2)
      for bare in [true, false] {
        let kernels = try ([nil] + KernelTests.sets).map { set in
          try #require(OwnConvolution(shape, training: true, set ?? .portable, level: set == nil ? -1 : nil))
        }
        let results = try kernels.map { try passes($0, shape, bare) }
        for (set, result) in zip(KernelTests.sets, results.dropFirst()) {
          for (a, b) in zip(results[0], result) {
            #expect(a.values.map(\.bitPattern) == b.values.map(\.bitPattern), "\(a.name) on \(set), bare \(bare)")
          }
        }
      }
    }
  }

  @Test(
    "convolutions with bfloat16 products, within the error of rounding their factors",
    .enabled(if: InstructionSet.hasBFloat16), arguments: [(3, 1, 0.15), (3, 2, 0.02), (1, 2, 0.02)])
  func narrow(kind: (kernel: Int, stride: Int, tolerance: Float)) throws {
    for (images, input, output, height, width) in [(2, 64, 64, 9, 15), (1, 32, 64, 65, 5), (3, 32, 32, 2, 11)] {
      let shape = ConvolutionShape(
        images: images, inputChannels: input, height: height, width: width, outputChannels: output,
        kernel: kind.kernel, stride: kind.stride, padding: kind.kernel / 2)
      let kernel = try #require(OwnConvolution(shape, training: true, .avx512, precision: .mixedWinograd))
      try compare(kernel, shape, tolerance: kind.tolerance)
    }
  }

  /// Compares all three passes with the definition: plain, and with all fused operations.
  private func compare(_ fast: any ConvolutionKernel, _ shape: ConvolutionShape, tolerance: Float = 1e-4) throws {
    for bare in shape.inputChannels == 1 ? [true] : [true, false] {
      let (found, expected) = (try passes(fast, shape, bare), try passes(PlainConvolution(shape), shape, bare))
      for (a, b) in zip(found, expected) {
        let largest = b.values.map(abs).max() ?? 0
        let error = zip(a.values, b.values).map { abs($0 - $1) }.max() ?? .infinity
        #expect(error <= tolerance * largest, "\(a.name), bare \(bare): \(error / largest) by \(fast.name(.forward))")
      }
    }
  }

  private typealias Values = (name: String, values: [Float])

  private func sums(_ count: Int) -> (DoubleBuffer, DoubleBuffer) { (DoubleBuffer(count), DoubleBuffer(count)) }

  private func floats(_ x: DoubleBuffer) -> [Float] { (0..<x.count).map { Float(x.start[$0]) } }

  private func frozenNorm(_ a: FloatBuffer, _ b: FloatBuffer, _ residual: FloatBuffer) -> Normalization {
    Normalization(
      scale: a.start, shift: b.start, residual: Floats(residual.start),
      residualPrologue: Prologue(scale: b.start, shift: a.start), residualRelu: true, relu: true)
  }

  private func normGradient(_ gradient: FloatBuffer, _ coefficients: FloatBuffer, _ channels: Int) -> NormGradient {
    NormGradient(
      gradient: gradient.start, a: coefficients.start, b: coefficients.start + channels,
      c: coefficients.start + 2 * channels)
  }

  private func passes(_ kernel: any ConvolutionKernel, _ shape: ConvolutionShape, _ bare: Bool) throws -> [Values] {
    let (input, output) = (shape.input, shape.output)
    let (x, w) = (random(input.count, 1), random(shape.weightCount, 2))
    let (scale, shift) = (random(input.channels, 3), random(input.channels, 4))
    let prologue = bare ? nil : Prologue(scale: scale.start, shift: shift.start)
    let scratch = FloatBuffer(kernel.scratchCount + 16)
    let packed = FloatBuffer(max(kernel.packedCount(.forward), kernel.packedCount(.backwardData)))
    var result: [Values] = []
    // Kernels get raw pointers, so the buffers must live until the end.
    var keep = [x, w, scale, shift, scratch, packed]
    defer { withExtendedLifetime(keep) {} }

    let y = FloatBuffer(output.count)
    let (mean, m2) = sums(output.channels)
    try kernel.pack(w.start, for: .forward, into: packed.start)
    try kernel.forward(
      x.start, prologue: prologue, packed: packed.start, y.start,
      epilogue: bare ? .none : .moments(mean: mean.start, m2: m2.start), scratch: scratch.start)
    result += [("forward", y.values), ("mean", floats(mean)), ("m2", floats(m2))]
    if !bare {
      let (a, b, residual) = (random(output.channels, 5), random(output.channels, 6), random(output.count, 7))
      let norm = frozenNorm(a, b, residual)
      let z = FloatBuffer(output.count)
      keep += [a, b, residual]
      try kernel.forward(
        x.start, prologue: prologue, packed: packed.start, z.start, epilogue: .norm(norm), scratch: scratch.start)
      result.append(("frozen norm", z.values))
    }

    let (gradient, coefficients) = (random(output.count, 8), random(3 * output.channels, 9))
    let norm = normGradient(gradient, coefficients, output.channels)
    let dy = random(output.count, 10)
    let packedGradient = FloatBuffer(kernel.packedCount(.backwardWeights))
    let dw = FloatBuffer(shape.weightCount)
    try kernel.backwardWeights(
      x.start, prologue: prologue, dy.start, norm: bare ? nil : norm, packed: packedGradient.start,
      scratch: scratch.start)
    try kernel.unpackGradient(packedGradient.start, into: dw.start)
    result += [("weights", dw.values), ("gradient through the norm", dy.values)]

    guard shape.inputChannels > 1 else { return result }
    // The masking activation may be in the buffer that the gradient is written to.
    let dx = bare ? random(input.count, 11) : FloatBuffer(x.values)
    let (total, product) = sums(input.channels)
    try kernel.pack(w.start, for: .backwardData, into: packed.start)
    let addend = random(input.count, 12)
    keep += [addend, gradient, coefficients]
    let epilogue = GradientEpilogue(
      addend: shape.stride == 2 ? .even(addend.start) : .whole(addend.start), activation: dx.start, prologue: prologue,
      sums: GradientSums(x: dx.start, mean: scale.start, sums: total.start, products: product.start))
    try kernel.backwardData(
      dy.start, packed: packed.start, dx.start, epilogue: bare ? GradientEpilogue() : epilogue, scratch: scratch.start)
    result += [("data", dx.values), ("sums", floats(total)), ("products", floats(product))]
    if shape.kernel == 1 {
      let compact = FloatBuffer(input.images * input.channels * output.pixels)
      try kernel.backwardData(dy.start, packed: packed.start, compact.start, epilogue: .compact, scratch: scratch.start)
      result.append(("compact data", compact.values))
    }
    return result
  }

  @Test("the stem on each instruction set, on odd sizes", arguments: KernelTests.sets)
  func stem(set: InstructionSet) throws {
    for (images, channels, height, width) in [(1, 64, 1, 1), (2, 64, 17, 23), (1, 64, 8, 46), (3, 64, 5, 14)] {
      let shape = StemShape(images: images, channels: channels, height: height, width: width)
      let fast = try stem(try #require(FastStem(shape, set)))
      let plain = try stem(PlainStem(shape))
      for (a, b) in zip(fast, plain) {
        let largest = b.values.map(abs).max() ?? 0
        let error = zip(a.values, b.values).map { abs($0 - $1) }.max() ?? .infinity
        #expect(error <= 1e-4 * largest, "\(a.name): \(error / largest) by \(set) on \(height)×\(width)")
      }
    }
    #expect(FastStem(StemShape(images: 1, channels: 48, height: 9, width: 9), set) == nil)
  }

  private func stem(_ kernel: any StemKernel) throws -> [Values] {
    let shape = kernel.shape
    let (x, w) = (
      random(shape.images * shape.height * shape.width, 1), random(shape.weightCount, 2)
    )
    let channels = shape.channels
    let sign = FloatBuffer((0..<channels).map { $0 % 3 == 0 ? -1 : 1 })
    let (packed, scratch) = (FloatBuffer(shape.weightCount), FloatBuffer(kernel.scratchCount))
    let (y, winner) = (FloatBuffer(shape.pooled.count), ByteBuffer(shape.pooled.count))
    let (mean, m2) = (DoubleBuffer(channels), DoubleBuffer(channels))
    kernel.pack(w.start, into: packed.start)
    kernel.forward(
      x.start, packed: packed.start, sign: sign.start, y.start, winner: winner.start,
      moments: (mean.start, m2.start), scratch: scratch.start)
    let (gradient, coefficients) = (random(shape.pooled.count, 3), random(3 * channels, 4))
    let (packedGradient, dw) = (FloatBuffer(shape.weightCount), FloatBuffer(shape.weightCount))
    kernel.backwardWeights(
      x.start, packed: packed.start, gradient: gradient.start, winner: winner.start, a: coefficients.start,
      b: coefficients.start + channels, c: coefficients.start + 2 * channels, packedGradient: packedGradient.start,
      scratch: scratch.start)
    kernel.unpackGradient(packedGradient.start, into: dw.start)
    let winners = (0..<shape.pooled.count).map { Float(winner.start[$0]) }
    let sums = { (x: DoubleBuffer) in (0..<channels).map { Float(x.start[$0]) } }
    return [
      ("maxima", y.values), ("winners", winners), ("mean", sums(mean)), ("m2", sums(m2)),
      ("weights", dw.values),
    ]
  }

  @Test("matrix products in every transposition", arguments: [false, true], [false, true])
  func products(aT: Bool, bT: Bool) {
    var random = SeededRandom(seed: 6)
    let (m, n, k) = (7, 13, 33)
    let a = (0..<m * k).map { _ in Float(random.normal()) }
    let b = (0..<k * n).map { _ in Float(random.normal()) }
    var c = [Float](repeating: 0, count: m * n)
    Matrix.multiply(a, aTransposed: aT, b, bTransposed: bT, into: &c, m: m, n: n, k: k)
    let expected = Matrix.reference(a, aTransposed: aT, b, bTransposed: bT, m: m, n: n, k: k)
    #expect(zip(c, expected).allSatisfy { abs($0 - $1) < 1e-4 })
  }

  @Test(
    "matrix products are the same bits on every instruction set, added to what is there or not",
    arguments: [false, true])
  func sameProducts(adds: Bool) {
    var random = SeededRandom(seed: 8)
    for (m, n, k) in [(1, 1, 1), (7, 13, 33), (8, 512, 512), (128, 128, 40), (65, 31, 129)] {
      let a = (0..<m * k).map { _ in Float(random.normal()) }
      let b = (0..<k * n).map { _ in Float(random.normal()) }
      let start = (0..<m * n).map { _ in Float(random.normal()) }
      for (aT, bT) in [(false, false), (true, false), (false, true), (true, true)] {
        let results = KernelTests.sets.map { set in
          var c = start
          Matrix.multiply(
            a, aTransposed: aT, b, bTransposed: bT, into: &c, m: m, n: n, k: k, alpha: 0.7, adds: adds, on: set)
          return c.map(\.bitPattern)
        }
        #expect(results.allSatisfy { $0 == results[0] }, "\(m) \(n) \(k) \(aT) \(bT)")
      }
    }
  }

  @Test("OpenBLAS's products, which probes use, agree with the definition")
  func library() {
    var random = SeededRandom(seed: 9)
    let (rows, m, n) = (17, 5, 8)
    let a = (0..<rows * m).map { _ in random.normal() }
    let b = (0..<rows * n).map { _ in random.normal() }
    let found = LibraryMatrix.transposedProduct(a, b, rows: rows, m: m, n: n)
    for i in 0..<m {
      for j in 0..<n {
        let expected = (0..<rows).reduce(0.0) { $0 + a[$1 * m + i] * b[$1 * n + j] }
        #expect(abs(found[i * n + j] - expected) < 1e-12)
      }
    }
  }
}

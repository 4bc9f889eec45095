import Basics
import Testing

@testable import Kernels

private func random(_ count: Int, _ seed: UInt64, offset: Double = 0) -> FloatBuffer {
  var random = SeededRandom(seed: seed)
  return FloatBuffer((0..<count).map { _ in Float(random.normal() + offset) })
}

/// Every fast kernel against the plain one, on odd sizes and on each instruction set this CPU has.
@Suite("Fast kernels agree with the plain ones")
struct KernelTests {
  static let sets = InstructionSet.allCases.filter { $0 <= .best }
  static let extents = [
    Extent(images: 1, channels: 16, height: 1, width: 1), Extent(images: 2, channels: 32, height: 5, width: 7),
    Extent(images: 3, channels: 64, height: 9, width: 15), Extent(images: 1, channels: 16, height: 129, width: 33),
    Extent(images: 2, channels: 48, height: 4, width: 6, block: 48),
  ]
  let plain = PlainOps()

  private func close(_ a: FloatBuffer, _ b: FloatBuffer, _ tolerance: Float = 1e-5) -> Bool {
    let largest = b.values.map(abs).max() ?? 0
    return zip(a.values, b.values).allSatisfy { abs($0 - $1) <= tolerance * max(1, largest) }
  }

  @Test("channel moments, also far from zero", arguments: sets, extents)
  func moments(set: InstructionSet, extent: Extent) {
    let fast = VectorOps(set)
    let x = random(extent.count, 1, offset: 50)
    var (m, s) = ([Double](repeating: 0, count: extent.channels), [Double](repeating: 0, count: extent.channels))
    var (pm, ps) = (m, s)
    fast.channelMoments(extent, x.start, mean: &m, m2: &s)
    plain.channelMoments(extent, x.start, mean: &pm, m2: &ps)
    for c in 0..<extent.channels {
      #expect(abs(m[c] - pm[c]) <= 1e-6 * abs(pm[c]))
      #expect(abs(s[c] - ps[c]) <= 1e-5 * max(1, ps[c]))
    }
  }

  @Test("scale, shift, residual, relu, and the combination of gradients", arguments: sets, extents)
  func elementwise(set: InstructionSet, extent: Extent) {
    let fast = VectorOps(set)
    let (x, r, g) = (random(extent.count, 1), random(extent.count, 2), random(extent.count, 3))
    let (a, b, c) = (random(extent.channels, 4), random(extent.channels, 5), random(extent.channels, 6))
    let (y, expected) = (FloatBuffer(extent.count), FloatBuffer(extent.count))
    for (residual, scale) in [(nil, nil), (r, nil), (r, c)] as [(FloatBuffer?, FloatBuffer?)] {
      for kernels in [fast, plain] as [any Ops] {
        let norm = Normalization(
          scale: a.start, shift: b.start, residual: residual.map { Floats($0.start) },
          residualPrologue: scale.map { Prologue(scale: $0.start, shift: $0.start) }, residualRelu: scale != nil,
          relu: residual != nil)
        kernels.scaleShift(extent, x.start, norm, kernels is PlainOps ? expected.start : y.start)
      }
      #expect(close(y, expected))
    }
    fast.combine(extent, gradient: g.start, x.start, a: a.start, b: b.start, c: c.start, y.start)
    plain.combine(extent, gradient: g.start, x.start, a: a.start, b: b.start, c: c.start, expected.start)
    #expect(close(y, expected))
  }

  @Test("masked gradient sums", arguments: sets, extents)
  func gradientMoments(set: InstructionSet, extent: Extent) {
    let (x, activation, mean) = (random(extent.count, 1), random(extent.count, 2), random(extent.channels, 3))
    let (g, h) = (random(extent.count, 4), random(extent.count, 4))
    var (s, p) = ([Double](repeating: 0, count: extent.channels), [Double](repeating: 0, count: extent.channels))
    var (ps, pp) = (s, p)
    VectorOps(set).gradientMoments(
      extent, gradient: g.start, activation: activation.start, x.start, mean: mean.start, sums: &s, products: &p)
    plain.gradientMoments(
      extent, gradient: h.start, activation: activation.start, x.start, mean: mean.start, sums: &ps, products: &pp)
    #expect(g.values == h.values)
    for c in 0..<extent.channels {
      #expect(abs(s[c] - ps[c]) <= 1e-3)
      #expect(abs(p[c] - pp[c]) <= 1e-3)
    }
  }

  @Test("means over pixels, forward and backward", arguments: sets, extents)
  func pooling(set: InstructionSet, extent: Extent) {
    let fast = VectorOps(set)
    let x = random(extent.count, 1)
    let (d, e) = (random(extent.count, 2), random(extent.count, 2))
    let (m, n) = (FloatBuffer(extent.images * extent.channels), FloatBuffer(extent.images * extent.channels))
    fast.poolMean(extent, x.start, m.start)
    plain.poolMean(extent, x.start, n.start)
    #expect(close(m, n))
    fast.poolMeanBackward(extent, gradient: m.start, d.start)
    plain.poolMeanBackward(extent, gradient: m.start, e.start)
    #expect(close(d, e))
  }

  @Test("the log spectrogram, also of silence and of odd lengths", arguments: sets, [257, 1000, 16000])
  func spectrogram(set: InstructionSet, samples: Int) {
    for (seed, amplitude) in [(1, Float(0.1)), (2, 0), (3, 1)] as [(UInt64, Float)] {
      let x = FloatBuffer(random(samples, seed).values.map { max(-1, min(1, $0 * amplitude)) })
      let frames = 1 + samples / 353
      let (padded, y, expected) = (FloatBuffer(samples + 512), FloatBuffer(257 * frames), FloatBuffer(257 * frames))
      VectorOps(set).logSpectrogram(samples, x.start, padded: padded.start, y.start)
      plain.logSpectrogram(samples, x.start, padded: padded.start, expected.start)
      let error = zip(y.values, expected.values).map { abs($0 - $1) }.max() ?? .infinity
      #expect(error < 2e-3, "\(error)")
    }
  }

  @Test("Adam, sums and moments of odd counts", arguments: sets)
  func flat(set: InstructionSet) {
    let fast = VectorOps(set)
    let count = 1037
    let g = random(count, 1)
    let (p, m, v) = (random(count, 2), random(count, 3), FloatBuffer(random(count, 4).values.map(abs)))
    let (q, n, w) = (random(count, 2), random(count, 3), FloatBuffer(random(count, 4).values.map(abs)))
    let step = AdamStep(rate: 1e-3, number: 7)
    fast.adam(count, parameter: p.start, gradient: g.start, m: m.start, v: v.start, step: step)
    plain.adam(count, parameter: q.start, gradient: g.start, m: n.start, v: w.start, step: step)
    #expect(close(p, q, 1e-6) && close(m, n, 1e-6) && close(v, w, 1e-6))
    let (a, b) = (fast.moments(count, g.start), plain.moments(count, g.start))
    #expect(abs(a.mean - b.mean) < 1e-9 && abs(a.m2 - b.m2) < 1e-6)
    fast.add(count, p.start, g.start)
    plain.add(count, q.start, g.start)
    #expect(close(p, q, 1e-6))
  }

  @Test("kernels give the same bits on every instruction set", arguments: extents)
  func sameBits(extent: Extent) {
    let results = Self.sets.map { set -> [Float] in
      let (x, g, a, b) = (
        random(extent.count, 1), random(extent.count, 2), random(extent.channels, 3), random(extent.channels, 4)
      )
      let y = FloatBuffer(extent.count)
      let kernels = VectorOps(set)
      kernels.scaleShift(
        extent, x.start, Normalization(scale: a.start, shift: b.start, residual: Floats(g.start), relu: true), y.start)
      var (s, p) = ([Double](repeating: 0, count: extent.channels), [Double](repeating: 0, count: extent.channels))
      kernels.gradientMoments(
        extent, gradient: g.start, activation: y.start, x.start, mean: a.start, sums: &s, products: &p)
      return y.values + g.values + s.map { Float($0) } + p.map { Float($0) }
    }
    #expect(results.allSatisfy { $0.map(\.bitPattern) == results[0].map(\.bitPattern) })
  }
}

@Suite("Convolutions and products agree with their definition")
struct ConvolutionTests {
  static let shapes = [
    ConvolutionShape(
      images: 2, inputChannels: 1, height: 17, width: 23, outputChannels: 16, kernel: 7, stride: 2, padding: 3),
    ConvolutionShape(
      images: 1, inputChannels: 16, height: 1, width: 1, outputChannels: 16, kernel: 3, stride: 1, padding: 1),
    ConvolutionShape(
      images: 2, inputChannels: 64, height: 9, width: 15, outputChannels: 64, kernel: 3, stride: 1, padding: 1),
    ConvolutionShape(
      images: 3, inputChannels: 32, height: 7, width: 12, outputChannels: 48, kernel: 3, stride: 1, padding: 1),
    ConvolutionShape(
      images: 2, inputChannels: 64, height: 17, width: 29, outputChannels: 32, kernel: 3, stride: 2, padding: 1),
    ConvolutionShape(
      images: 2, inputChannels: 32, height: 9, width: 8, outputChannels: 64, kernel: 1, stride: 2, padding: 0),
  ]

  @Test("oneDNN: forward and both backward passes, with norms", arguments: shapes)
  func library(shape: ConvolutionShape) throws {
    let dataGradient = shape.inputChannels > 1
    try compare(
      try OneDNNConvolution(shape, training: true, dataGradient: dataGradient, ops: VectorOps()), shape)
  }

  @Test(
    "own convolutions on each instruction set, on odd sizes, with norms", arguments: KernelTests.sets,
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
    "convolutions with bfloat16 products, within what rounding their factors costs",
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

  /// All three passes against the definition: bare, and with everything that can be done on the way.
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

  private func passes(_ kernel: any ConvolutionKernel, _ shape: ConvolutionShape, _ bare: Bool) throws -> [Values] {
    let (input, output) = (shape.input, shape.output)
    let (x, w) = (random(input.count, 1), random(shape.weightCount, 2))
    let (scale, shift) = (random(input.channels, 3), random(input.channels, 4))
    let prologue = bare ? nil : Prologue(scale: scale.start, shift: shift.start)
    let scratch = FloatBuffer(kernel.scratchCount + 16)
    let packed = FloatBuffer(max(kernel.packedCount(.forward), kernel.packedCount(.backwardData)))
    var result: [Values] = []
    // Kernels are given bare addresses: what these belong to lives until the end.
    var keep = [x, w, scale, shift, scratch, packed]
    defer { withExtendedLifetime(keep) {} }
    func sums(_ count: Int) -> (DoubleBuffer, DoubleBuffer) { (DoubleBuffer(count), DoubleBuffer(count)) }
    func floats(_ x: DoubleBuffer) -> [Float] { (0..<x.count).map { Float(x.start[$0]) } }

    let y = FloatBuffer(output.count)
    let (mean, m2) = sums(output.channels)
    try kernel.pack(w.start, for: .forward, into: packed.start)
    try kernel.forward(
      x.start, prologue: prologue, packed: packed.start, y.start,
      epilogue: bare ? .none : .moments(mean: mean.start, m2: m2.start), scratch: scratch.start)
    result += [("forward", y.values), ("mean", floats(mean)), ("m2", floats(m2))]
    if !bare {
      let (a, b, residual) = (random(output.channels, 5), random(output.channels, 6), random(output.count, 7))
      let norm = Normalization(
        scale: a.start, shift: b.start, residual: Floats(residual.start),
        residualPrologue: Prologue(scale: b.start, shift: a.start), residualRelu: true, relu: true)
      let z = FloatBuffer(output.count)
      keep += [a, b, residual]
      try kernel.forward(
        x.start, prologue: prologue, packed: packed.start, z.start, epilogue: .norm(norm), scratch: scratch.start)
      result.append(("frozen norm", z.values))
    }

    let (gradient, coefficients) = (random(output.count, 8), random(3 * output.channels, 9))
    let norm = NormGradient(
      gradient: gradient.start, a: coefficients.start, b: coefficients.start + output.channels,
      c: coefficients.start + 2 * output.channels)
    let dy = random(output.count, 10)
    let packedGradient = FloatBuffer(kernel.packedCount(.backwardWeights))
    let dw = FloatBuffer(shape.weightCount)
    try kernel.backwardWeights(
      x.start, prologue: prologue, dy.start, norm: bare ? nil : norm, packed: packedGradient.start,
      scratch: scratch.start)
    try kernel.unpackGradient(packedGradient.start, into: dw.start)
    result += [("weights", dw.values), ("gradient through the norm", dy.values)]

    guard shape.inputChannels > 1 else { return result }
    // The activation that masks may lie where the gradient is written.
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
}

import Basics
import Testing

@testable import Kernels

/// Every fast kernel against the plain one, on odd sizes and on each instruction set this CPU has.
@Suite("Fast kernels agree with the plain ones")
struct KernelTests {
  static let sets = InstructionSet.allCases.filter { $0 <= .best }
  static let extents = [
    Extent(images: 1, channels: 16, height: 1, width: 1), Extent(images: 2, channels: 32, height: 5, width: 7),
    Extent(images: 3, channels: 64, height: 9, width: 15), Extent(images: 1, channels: 16, height: 129, width: 33),
    Extent(images: 2, channels: 48, height: 4, width: 6, block: 48),
  ]
  let plain = ReferenceKernels()

  private func random(_ count: Int, _ seed: UInt64, offset: Double = 0) -> FloatBuffer {
    var random = SeededRandom(seed: seed)
    return FloatBuffer((0..<count).map { _ in Float(random.normal() + offset) })
  }

  private func close(_ a: FloatBuffer, _ b: FloatBuffer, _ tolerance: Float = 1e-5) -> Bool {
    let largest = b.values.map(abs).max() ?? 0
    return zip(a.values, b.values).allSatisfy { abs($0 - $1) <= tolerance * max(1, largest) }
  }

  @Test("channel moments, also far from zero", arguments: sets, extents)
  func moments(set: InstructionSet, extent: Extent) {
    let fast = VectorKernels(set)
    let x = random(extent.count, 1, offset: 50)
    var (m, s) = ([Double](repeating: 0, count: extent.channels), [Double](repeating: 0, count: extent.channels))
    var (pm, ps) = (m, s)
    fast.channelMoments(extent, x.start, mean: &m, squares: &s)
    plain.channelMoments(extent, x.start, mean: &pm, squares: &ps)
    for c in 0..<extent.channels {
      #expect(abs(m[c] - pm[c]) <= 1e-6 * abs(pm[c]))
      #expect(abs(s[c] - ps[c]) <= 1e-5 * max(1, ps[c]))
    }
  }

  @Test("scale, shift, residual, relu, and the combination of gradients", arguments: sets, extents)
  func elementwise(set: InstructionSet, extent: Extent) {
    let fast = VectorKernels(set)
    let (x, r, g) = (random(extent.count, 1), random(extent.count, 2), random(extent.count, 3))
    let (a, b, c) = (random(extent.channels, 4), random(extent.channels, 5), random(extent.channels, 6))
    let (y, expected) = (FloatBuffer(extent.count), FloatBuffer(extent.count))
    for (residual, scale) in [(nil, nil), (r, nil), (r, c)] as [(FloatBuffer?, FloatBuffer?)] {
      for kernels in [fast, plain] as [any LayerKernels] {
        kernels.scaleShift(
          extent, x.start, scale: a.start, shift: b.start, residual: residual?.start, residualScale: scale?.start,
          residualShift: scale?.start, relu: residual != nil, kernels is ReferenceKernels ? expected.start : y.start)
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
    VectorKernels(set).gradientMoments(
      extent, gradient: g.start, activation: activation.start, x.start, mean: mean.start, sums: &s, products: &p)
    plain.gradientMoments(
      extent, gradient: h.start, activation: activation.start, x.start, mean: mean.start, sums: &ps, products: &pp)
    #expect(g.values == h.values)
    for c in 0..<extent.channels {
      #expect(abs(s[c] - ps[c]) <= 1e-3)
      #expect(abs(p[c] - pp[c]) <= 1e-3)
    }
  }

  @Test("pooling, forward and backward", arguments: sets, extents)
  func pooling(set: InstructionSet, extent: Extent) {
    let fast = VectorKernels(set)
    let (x, a, b) = (random(extent.count, 1), random(extent.channels, 2), random(extent.channels, 3))
    let pooled = extent.pooled
    let (y, expected) = (FloatBuffer(pooled.count), FloatBuffer(pooled.count))
    var (winner, plainWinner) = ([UInt8](repeating: 9, count: pooled.count), [UInt8](repeating: 9, count: pooled.count))
    fast.poolMaximum(extent, x.start, scale: a.start, shift: b.start, y.start, winner: &winner)
    plain.poolMaximum(extent, x.start, scale: a.start, shift: b.start, expected.start, winner: &plainWinner)
    #expect(close(y, expected))
    let g = random(pooled.count, 4)
    let (d, e) = (FloatBuffer(extent.count), FloatBuffer(extent.count))
    fast.poolMaximumBackward(extent, gradient: g.start, y: y.start, winner: winner, d.start)
    plain.poolMaximumBackward(extent, gradient: g.start, y: y.start, winner: winner, e.start)
    #expect(close(d, e))
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
      VectorKernels(set).logSpectrogram(samples, x.start, padded: padded.start, y.start)
      plain.logSpectrogram(samples, x.start, padded: padded.start, expected.start)
      let error = zip(y.values, expected.values).map { abs($0 - $1) }.max() ?? .infinity
      #expect(error < 2e-3, "\(error)")
    }
  }

  @Test("Adam, sums and moments of odd counts", arguments: sets)
  func flat(set: InstructionSet) {
    let fast = VectorKernels(set)
    let count = 1037
    let g = random(count, 1)
    let (p, m, v) = (random(count, 2), random(count, 3), FloatBuffer(random(count, 4).values.map(abs)))
    let (q, n, w) = (random(count, 2), random(count, 3), FloatBuffer(random(count, 4).values.map(abs)))
    let step = AdamStep(rate: 1e-3, number: 7)
    fast.adam(count, parameter: p.start, gradient: g.start, first: m.start, second: v.start, step: step)
    plain.adam(count, parameter: q.start, gradient: g.start, first: n.start, second: w.start, step: step)
    #expect(close(p, q, 1e-6) && close(m, n, 1e-6) && close(v, w, 1e-6))
    let (a, b) = (fast.moments(count, g.start), plain.moments(count, g.start))
    #expect(abs(a.mean - b.mean) < 1e-9 && abs(a.squares - b.squares) < 1e-6)
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
      let kernels = VectorKernels(set)
      kernels.scaleShift(
        extent, x.start, scale: a.start, shift: b.start, residual: g.start, residualScale: nil, residualShift: nil,
        relu: true,
        y.start)
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

  @Test("oneDNN: forward and both backward passes", arguments: shapes)
  func library(shape: ConvolutionShape) throws {
    try compare(try OneDNNConvolution(shape, training: true, dataGradient: shape.inputChannels > 1), shape)
  }

  @Test("Winograd on each instruction set, on odd sizes", arguments: KernelTests.sets)
  func winograd(set: InstructionSet) throws {
    for (images, input, output, height, width) in [
      (1, 32, 32, 1, 1), (2, 64, 64, 9, 15), (3, 32, 96, 7, 13), (1, 96, 32, 4, 4), (1, 32, 64, 65, 5),
      (2, 128, 128, 17, 29),
    ] {
      let shape = ConvolutionShape(
        images: images, inputChannels: input, height: height, width: width, outputChannels: output, kernel: 3,
        stride: 1, padding: 1)
      try compare(try #require(WinogradConvolution(shape, training: true, set)), shape)
    }
    let strided = ConvolutionShape(
      images: 1, inputChannels: 32, height: 8, width: 8, outputChannels: 32, kernel: 3, stride: 2, padding: 1)
    #expect(WinogradConvolution(strided, training: true, set) == nil)
  }

  private func compare(_ fast: any ConvolutionKernel, _ shape: ConvolutionShape) throws {
    var random = SeededRandom(seed: 5)
    func values(_ count: Int) -> FloatBuffer { FloatBuffer((0..<count).map { _ in Float(random.normal()) }) }
    let (x, w, dy) = (values(shape.input.count), values(shape.weightCount), values(shape.output.count))
    let first = shape.inputChannels == 1
    let plain = ReferenceConvolution(shape)
    let scratch = FloatBuffer(fast.scratchCount + 16)
    func compare(_ name: String, _ found: FloatBuffer, _ expected: FloatBuffer) {
      let largest = expected.values.map(abs).max() ?? 0
      let error = zip(found.values, expected.values).map { abs($0 - $1) }.max() ?? .infinity
      #expect(error <= 1e-4 * largest, "\(name): \(error / largest) by \(fast.name(.forward))")
    }
    let packed = FloatBuffer(max(fast.packedCount(.forward), fast.packedCount(.backwardData)))
    let (y, expected) = (FloatBuffer(shape.output.count), FloatBuffer(shape.output.count))
    try fast.pack(w.start, for: .forward, into: packed.start)
    try fast.forward(x.start, packed: packed.start, y.start, scratch: scratch.start)
    plain.forward(x.start, packed: w.start, expected.start, scratch: scratch.start)
    compare("forward", y, expected)
    if !first {
      let (dx, expectedX) = (FloatBuffer(shape.input.count), FloatBuffer(shape.input.count))
      try fast.pack(w.start, for: .backwardData, into: packed.start)
      try fast.backwardData(dy.start, packed: packed.start, dx.start, scratch: scratch.start)
      plain.backwardData(dy.start, packed: w.start, expectedX.start, scratch: scratch.start)
      compare("backward data", dx, expectedX)
    }
    let gradient = FloatBuffer(fast.packedCount(.backwardWeights))
    let (dw, expectedW) = (FloatBuffer(shape.weightCount), FloatBuffer(shape.weightCount))
    try fast.backwardWeights(x.start, dy.start, packed: gradient.start, scratch: scratch.start)
    try fast.unpackGradient(gradient.start, into: dw.start)
    plain.backwardWeights(x.start, dy.start, packed: expectedW.start, scratch: scratch.start)
    compare("backward weights", dw, expectedW)
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

import Basics
import Testing

@testable import Kernels

/// Normally distributed numbers around `offset`, determined by the seed.
func random(_ count: Int, _ seed: UInt64, offset: Double = 0) -> FloatBuffer {
  var random = SeededRandom(seed: seed)
  return FloatBuffer((0..<count).map { _ in Float(random.normal() + offset) })
}

/// Compares every fast kernel with the plain one, for odd sizes and on each instruction set of this CPU.
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

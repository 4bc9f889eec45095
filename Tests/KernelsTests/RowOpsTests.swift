import Basics
import Testing

@testable import Kernels

@Suite("Operations on independent rows")
struct RowOpsTests {
  private func noise(_ count: Int, _ name: String, by factor: Double = 1) -> [Float] {
    var random = SeededRandom(seed: 9, for: name)
    return (0..<count).map { _ in Float(factor * random.normal()) }
  }

  private let sets = InstructionSet.allCases.filter { $0 <= .best }

  /// Runs `body` with the plain operations and with each instruction set: these must be near the plain result and agree
  /// with each other bit by bit.
  private func compare(_ error: Double, _ body: (any Ops) -> [Float]) {
    let (plain, found) = (body(PlainOps()), sets.map { body(VectorOps($0)) })
    for values in found {
      #expect(values == found[0])
      let largest = plain.map { abs(Double($0)) }.max() ?? 0
      #expect(zip(values, plain).allSatisfy { abs(Double($0) - Double($1)) <= error * largest })
    }
  }

  @Test("layer norm, for any width", arguments: [1, 5, 16, 33, 768])
  func layerNorm(width: Int) {
    let (x, scale, shift) = (noise(7 * width, "x", by: 3), noise(width, "scale"), noise(width, "shift"))
    compare(2e-6) { ops in
      var (y, moments) = ([Float](repeating: 0, count: 7 * width), [Float](repeating: 0, count: 14))
      ops.layerNorm(rows: 7, width: width, x, scale: scale, shift: shift, epsilon: 1e-5, &y, moments: &moments)
      return y
    }
  }

  @Test("softmax, over a whole row or causal", arguments: [1, 4, 16, 50], [false, true])
  func softmax(width: Int, causal: Bool) {
    let x = noise(width * width, "scores", by: 8)
    compare(3e-6) { ops in
      var y = x
      ops.softmax(rows: width, width: width, causal: causal, &y)
      return y
    }
  }

  @Test("GELU and its derivative, also for large inputs", arguments: GELUKind.allCases)
  func gelu(kind: GELUKind) {
    let x = noise(999, "x", by: 4) + [0, -0.0, 13.5, -13.5, 100, -100, 1e-30, -1e-30]
    let gradient = noise(x.count, "gradient")
    compare(3e-7) { ops in
      var y = [Float](repeating: 0, count: x.count)
      ops.gelu(kind, x.count, x, &y)
      return y
    }
    compare(5e-7) { ops in
      var y = x
      ops.geluGradient(kind, x.count, gradient: gradient, &y)
      return y
    }
  }

  @Test("column sums add in the order of rows, bit by bit", arguments: [1, 16, 77, 200])
  func columnSums(width: Int) {
    let x = noise(9 * width, "x", by: 100)
    compare(0) { ops in
      var sums = [Float](repeating: 0, count: width)
      ops.columnSums(rows: 9, width: width, x, &sums)
      return sums
    }
  }

  @Test("the backward pass of layer norm", arguments: [1, 5, 16, 33, 256])
  func layerNormGradient(width: Int) {
    let (x, scale, gradient) = (noise(7 * width, "x"), noise(width, "scale"), noise(7 * width, "gradient"))
    let moments = noise(14, "moments").enumerated().map { $0.offset % 2 == 0 ? $0.element / 4 : 1 + $0.element / 8 }
    compare(2e-6) { ops in
      var (y, scales, shifts) = (x, [Float](repeating: 0, count: width), [Float](repeating: 0, count: width))
      ops.layerNormGradient(
        rows: 7, width: width, gradient: gradient, scale: scale, moments: moments, &y, scales: &scales,
        shifts: &shifts)
      return y + scales + shifts
    }
  }

  @Test("the backward pass of softmax", arguments: [1, 16, 37])
  func softmaxGradient(width: Int) {
    let slopes = noise(5 * width, "slopes")
    compare(2e-6) { ops in
      var (shares, y) = (noise(5 * width, "scores"), slopes)
      PlainOps().softmax(rows: 5, width: width, causal: false, &shares)
      ops.softmaxGradient(rows: 5, width: width, shares: shares, &y)
      return y
    }
  }

  @Test("dropout keeps the values that the hash selects, and about the right number", arguments: [Float(0), 0.2, 0.5])
  func dropout(rate: Float) {
    let x = [Float](repeating: 1, count: 20_011)
    for key: UInt64 in [0, 7, .max, 0x0123_4567_89AB_CDEF] {
      compare(1e-7) { ops in
        var y = x
        ops.dropout(x.count, key: key, rate: rate, x, &y)
        return y
      }
      let kept = x.indices.count { DropoutHash.keeps($0, key: key, rate: rate) }
      #expect(abs(Double(kept) / Double(x.count) - 1 + Double(rate)) < 0.015)
    }
    let both = x.indices.count {
      DropoutHash.keeps($0, key: 5, rate: 0.5) == DropoutHash.keeps($0, key: 6, rate: 0.5)
    }
    #expect(abs(Double(both) / Double(x.count) - 0.5) < 0.02)
  }

  @Test("cross-entropy of words and its gradient, with and without smoothing", arguments: [1, 2, 16, 551])
  func crossEntropy(width: Int) {
    let (logits, targets) = (noise(6 * width, "logits", by: 5), (0..<6).map { Int32($0 * 7 % width) })
    for smoothing: Float in [0, 0.2] {
      compare(2e-6) { ops in
        var y = logits
        let loss = ops.crossEntropy(
          rows: 6, width: width, targets: targets, smoothing: smoothing, factor: 0.25, &y)
        return y + [Float(loss)]
      }
      var (kept, used) = (logits, logits)
      let ops = VectorOps()
      let loss = ops.crossEntropy(
        rows: 6, width: width, targets: targets, smoothing: smoothing, factor: nil, &kept)
      #expect(kept == logits)
      #expect(
        loss == ops.crossEntropy(rows: 6, width: width, targets: targets, smoothing: smoothing, factor: 1, &used))
    }
  }

  @Test("attention of one row to others", arguments: [(1, 5), (3, 16), (4, 64)])
  func attend(heads: Int, width: Int) {
    let (query, keys, values) = (
      noise(heads * width, "query"), FloatBuffer(noise(9 * heads * width, "keys")),
      FloatBuffer(noise(9 * heads * width, "values"))
    )
    compare(2e-6) { ops in
      var (y, scores) = ([Float](repeating: 0, count: heads * width), [Float](repeating: 0, count: 9))
      ops.attend(
        heads: heads, width: width, query: query, keys: (0..<9).map { Floats(keys.start + $0 * heads * width) },
        values: (0..<9).map { Floats(values.start + $0 * heads * width) }, scale: 0.3, scores: &scores, &y)
      return y
    }
  }

  @Test(
    "products of strided matrices, and of narrow weights", arguments: [(3, 5, 7), (30, 33, 50), (64, 96, 1024)])
  func matrices(m: Int, n: Int, k: Int) {
    let (a, b) = (noise(m * (k + 3), "a"), noise(n * (k + 5), "b"))
    let rows = (0..<m).flatMap { a[$0 * (k + 3)..<$0 * (k + 3) + k] }
    let columns = (0..<n).flatMap { b[$0 * (k + 5)..<$0 * (k + 5) + k] }
    var whole = [Float](repeating: 0, count: m * n)
    Matrix.multiply(rows, columns, bTransposed: true, into: &whole, m: m, n: n, k: k)
    for set in sets {
      var apart = [Float](repeating: 7, count: m * (n + 2))
      Matrix.multiply(
        a, aStride: k + 3, b, bTransposed: true, bStride: k + 5, into: &apart, cStride: n + 2, m: m, n: n, k: k, on: set
      )
      for row in 0..<m {
        #expect(Array(apart[row * (n + 2)..<row * (n + 2) + n]) == Array(whole[row * n..<(row + 1) * n]))
        #expect(apart[row * (n + 2) + n] == 7)
      }
    }
    let half = columns.map { Float16($0) }
    var (narrow, wide) = (whole, whole)
    half.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      Matrix.multiply(rows, WeightNumbers(start, .float16), bTransposed: true, into: &narrow, m: m, n: n, k: k)
    }
    Matrix.multiply(rows, half.map { Float($0) }, bTransposed: true, into: &wide, m: m, n: n, k: k)
    #expect(narrow == wide)
  }

  @Test("every finite float16 and bfloat16 widens to its exact value")
  func widening() {
    let all = (0...UInt16.max).map { $0 }
    var found = [Float](repeating: 0, count: all.count)
    all.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      WeightNumbers(start, .float16).widen(all.count, into: &found)
      for (bits, value) in zip(all, found) {
        let expected = Float(Float16(bitPattern: bits))
        #expect(value.bitPattern == expected.bitPattern || expected.isNaN && value.isNaN)
      }
      WeightNumbers(start, .bfloat16).widen(all.count, into: &found)
      for (bits, value) in zip(all, found) { #expect(value.bitPattern == UInt32(bits) << 16) }
    }
  }
}

import Kernels

/// The computation of the attention heads for one image (Vaswani et al. 2017): rows of queries attend to rows of keys
/// and values. Each head uses width / count of the columns. The distance between rows is `stride` values.
struct AttentionHeads: Sendable {
  let width: Int
  /// A divisor of the width.
  let count: Int
  /// Whether row r of the queries attends only to keys 0…r.
  let isCausal: Bool

  var headWidth: Int { width / count }
  /// The factor of the products of queries and keys.
  var scale: Float { 1 / Float(headWidth).squareRoot() }

  /// The first column of each head.
  var columns: [Int] { (0..<count).map { $0 * headWidth } }

  /// The attention weights of one head, `[queries, keys]`: the softmax of the scaled products of queries and keys.
  func shares(
    _ queries: Floats, _ keys: Floats, stride: Int, rows: (queries: Int, keys: Int), _ ops: any Ops,
    into shares: MutableFloats
  ) {
    Matrix.multiply(
      queries, aStride: stride, keys, bTransposed: true, bStride: stride, into: shares, m: rows.queries, n: rows.keys,
      k: headWidth, alpha: scale)
    ops.softmax(rows: rows.queries, width: rows.keys, causal: isCausal, shares)
  }

  /// The output of one head: `shares` times the values.
  func mix(
    _ shares: Floats, _ values: Floats, stride: Int, rows: (queries: Int, keys: Int), into mixed: MutableFloats,
    mixedStride: Int
  ) {
    Matrix.multiply(
      shares, values, bStride: stride, into: mixed, cStride: mixedStride, m: rows.queries, n: headWidth, k: rows.keys)
  }

  /// Floats of scratch for `backward`.
  func scratchCount(rows: (queries: Int, keys: Int)) -> Int {
    2 * rows.queries * rows.keys + headWidth * (rows.queries + 2 * rows.keys)
  }

  /// Overwrites one head's queries, keys and values with their gradients, given the gradient of the head's output. The
  /// distance between rows is `width`; the attention weights are recomputed.
  func backward(
    gradient: Floats, queries: MutableFloats, keys: MutableFloats, values: MutableFloats,
    rows: (queries: Int, keys: Int), _ ops: any Ops, _ scratch: MutableFloats
  ) {
    let (shares, slopes) = (scratch, scratch + rows.queries * rows.keys)
    let ofQueries = slopes + rows.queries * rows.keys
    let ofKeys = ofQueries + rows.queries * headWidth
    let ofValues = ofKeys + rows.keys * headWidth
    self.shares(queries, keys, stride: width, rows: rows, ops, into: shares)
    Matrix.multiply(
      shares, aTransposed: true, gradient, bStride: width, into: ofValues, m: rows.keys, n: headWidth, k: rows.queries)
    Matrix.multiply(
      gradient, aStride: width, values, bTransposed: true, bStride: width, into: slopes, m: rows.queries, n: rows.keys,
      k: headWidth)
    ops.softmaxGradient(rows: rows.queries, width: rows.keys, shares: shares, slopes)
    Matrix.multiply(
      slopes, keys, bStride: width, into: ofQueries, m: rows.queries, n: headWidth, k: rows.keys, alpha: scale)
    Matrix.multiply(
      slopes, aTransposed: true, queries, bStride: width, into: ofKeys, m: rows.keys, n: headWidth, k: rows.queries,
      alpha: scale)
    for (place, made, count) in [
      (queries, ofQueries, rows.queries), (keys, ofKeys, rows.keys), (values, ofValues, rows.keys),
    ] {
      for row in 0..<count { (place + row * width).update(from: made + row * headWidth, count: headWidth) }
    }
  }

  /// Attention computed from its definition, in double precision: the result for each token of `queries`, `[images,
  /// width, tokens]`.
  func plain(_ queries: PlainTensor, _ keys: PlainTensor, _ values: PlainTensor) -> PlainTensor {
    var mixed = queries
    for n in 0..<queries.images {
      for first in columns {
        let columns = first..<first + headWidth
        for t in 0..<queries.width {
          let seen = 0..<(isCausal ? t + 1 : keys.width)
          let scores = seen.map { s in
            columns.reduce(0) {
              $0 + queries.values[queries.offset(n, $1, 0, t)] * keys.values[keys.offset(n, $1, 0, s)]
            }
          }
          let shares = PlainTensor.softmax(scores.map { $0 / Double(headWidth).squareRoot() })
          for c in columns {
            mixed.values[mixed.offset(n, c, 0, t)] = seen.reduce(0) {
              $0 + shares[$1] * values.values[values.offset(n, c, 0, $1)]
            }
          }
        }
      }
    }
    return mixed
  }
}

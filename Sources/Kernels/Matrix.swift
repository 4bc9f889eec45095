import CKernels

/// Products of row-major matrices on the calling thread. Each element is summed in the order of the inner index, and
/// each multiply-add is rounded once: the same bits on every CPU.
package enum Matrix {
  /// c `[m, n]` = alpha · op(a) · op(b), or with `adds` c += alpha · op(a) · op(b); op transposes if requested; inner
  /// size k.
  /// - Parameters:
  ///   - aStride, bStride, cStride: numbers from one row in memory to the next; nil: a row's length.
  ///   - instructionSet: does not change the result.
  package static func multiply(
    _ a: UnsafePointer<Float>, aTransposed aT: Bool = false, aStride: Int? = nil,
    _ b: UnsafePointer<Float>, bTransposed bT: Bool = false, bStride: Int? = nil,
    into c: UnsafeMutablePointer<Float>, cStride: Int? = nil, m: Int, n: Int, k: Int, alpha: Float = 1,
    adds: Bool = false, on instructionSet: InstructionSet = .inUse
  ) {
    multiply(
      a, aTransposed: aT, aStride: aStride, WeightNumbers(b), bTransposed: bT, bStride: bStride, into: c,
      cStride: cStride, m: m, n: n, k: k, alpha: alpha, adds: adds, on: instructionSet)
  }

  /// The same, with a right factor that may have 16-bit numbers.
  package static func multiply(
    _ a: UnsafePointer<Float>, aTransposed aT: Bool = false, aStride: Int? = nil,
    _ b: WeightNumbers, bTransposed bT: Bool = false, bStride: Int? = nil,
    into c: UnsafeMutablePointer<Float>, cStride: Int? = nil, m: Int, n: Int, k: Int, alpha: Float = 1,
    adds: Bool = false, on instructionSet: InstructionSet = .inUse
  ) {
    guard m > 0, n > 0, let table = kernels_matrix_for(instructionSet.rawValue)?.pointee else { return }
    let shape = kernels_matrix(
      m: Int32(m), n: Int32(n), k: Int32(k), a_transposed: aT ? 1 : 0, b_transposed: bT ? 1 : 0, adds: adds ? 1 : 0,
      alpha: alpha, a_stride: Int64(aStride ?? (aT ? m : k)), b_stride: Int64(bStride ?? (bT ? k : n)),
      c_stride: Int64(cStride ?? n), b_number: b.raw)
    withUnsafeTemporaryAllocation(byteCount: 4 * Int(table.scratch(shape)), alignment: 64) { scratch in
      table.multiply(shape, a, b.start, c, scratch.baseAddress?.assumingMemoryBound(to: Float.self))
    }
  }

  /// The same computed from the definition, in double precision, for tests.
  package static func reference(
    _ a: [Float], aTransposed aT: Bool = false, _ b: [Float], bTransposed bT: Bool = false, m: Int, n: Int, k: Int
  ) -> [Float] {
    (0..<m * n).map { index in
      let (i, j) = (index / n, index % n)
      return Float(
        (0..<k).reduce(0.0) {
          $0 + Double(aT ? a[$1 * m + i] : a[i * k + $1]) * Double(bT ? b[j * k + $1] : b[$1 * n + j])
        })
    }
  }
}

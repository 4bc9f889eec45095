import CKernels

/// Products of row-major matrices on the calling thread. Every result is one sum in the order of the inner index, with
/// each multiply-add rounded once: the same bits on every CPU.
package enum Matrix {
  /// c `[m, n]` = alpha · op(a) · op(b), added to what c holds if asked, where op transposes if asked; inner size k.
  /// - Parameter instructionSet: does not change the result.
  package static func multiply(
    _ a: UnsafePointer<Float>, aTransposed aT: Bool = false, _ b: UnsafePointer<Float>, bTransposed bT: Bool = false,
    into c: UnsafeMutablePointer<Float>, m: Int, n: Int, k: Int, alpha: Float = 1, adds: Bool = false,
    on instructionSet: InstructionSet = .inUse
  ) {
    guard m > 0, n > 0, let table = kernels_matrix_for(instructionSet.rawValue)?.pointee else { return }
    let shape = kernels_matrix(
      m: Int32(m), n: Int32(n), k: Int32(k), a_transposed: aT ? 1 : 0, b_transposed: bT ? 1 : 0, adds: adds ? 1 : 0,
      alpha: alpha)
    withUnsafeTemporaryAllocation(byteCount: 4 * Int(table.scratch(shape)), alignment: 64) { scratch in
      table.multiply(shape, a, b, c, scratch.baseAddress?.assumingMemoryBound(to: Float.self))
    }
  }

  /// The same by definition, in double precision, for tests.
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

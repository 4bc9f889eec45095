import COpenBLAS

/// Products of row-major matrices through OpenBLAS on one thread, so that no bit depends on a thread count.
package enum Matrix {
  /// Sets the library to one thread, once.
  private static let oneThread: Void = openblas_set_num_threads(1)

  /// The library's version and the core type it picked: both can change bits.
  package static var identity: String {
    "\(String(cString: openblas_get_config())) core \(String(cString: openblas_get_corename()))"
  }

  /// c `[m, n]` = alpha · op(a) · op(b) + beta · c, where op transposes if asked; inner size k.
  package static func multiply(
    _ a: UnsafePointer<Float>, aTransposed aT: Bool = false, _ b: UnsafePointer<Float>, bTransposed bT: Bool = false,
    into c: UnsafeMutablePointer<Float>, m: Int, n: Int, k: Int, alpha: Float = 1, beta: Float = 0
  ) {
    _ = oneThread
    cblas_sgemm(
      CblasRowMajor, aT ? CblasTrans : CblasNoTrans, bT ? CblasTrans : CblasNoTrans, Int32(m), Int32(n), Int32(k),
      alpha, a,
      Int32(aT ? m : k), b, Int32(bT ? k : n), beta, c, Int32(n))
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

import COpenBLAS

/// Products in double precision with OpenBLAS on one thread. Trained weights must not depend on them: their last bits
/// depend on the core type that the library selects.
package enum LibraryMatrix {
  /// Sets the library to one thread, once.
  private static let oneThread: Void = openblas_set_num_threads(1)

  /// The library's version and the core type that it selected.
  package static var identity: String {
    "\(String(cString: openblas_get_config())) core \(String(cString: openblas_get_corename()))"
  }

  /// aᵀ · b of `[rows, m]` and `[rows, n]`, both row-major: `[m, n]`.
  package static func transposedProduct(_ a: [Double], _ b: [Double], rows: Int, m: Int, n: Int) -> [Double] {
    _ = oneThread
    var result = [Double](repeating: 0, count: m * n)
    guard rows > 0, m > 0, n > 0 else { return result }
    cblas_dgemm(
      CblasRowMajor, CblasTrans, CblasNoTrans, Int32(m), Int32(n), Int32(rows), 1, a, Int32(m), b, Int32(n), 0, &result,
      Int32(n))
    return result
  }
}

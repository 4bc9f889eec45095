/// In what the factors of convolutions' products are held; weights, statistics and all sums are single precision in each.
package enum Precision: String, Sendable, CaseIterable {
  case float32
  /// bfloat16 where the transforms around the products only add: the convolutions with stride 2. Some 0.5 % rms of a result.
  case mixed
  /// bfloat16 in F(4×4, 3×3) too, whose transforms enlarge rounding errors: some 3 % rms of a result.
  case mixedWinograd = "mixed-winograd"

  /// Whether a convolution of this stride has bfloat16 factors.
  func narrows(stride: Int) -> Bool {
    switch self {
    case .float32: false
    case .mixed: stride > 1
    case .mixedWinograd: true
    }
  }
}

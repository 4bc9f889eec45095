import Basics

/// The precision of the factors in convolutions' products. Weights, statistics and all sums are single precision in any
/// case.
package enum Precision: String, Sendable, CaseIterable {
  case float32
  /// bfloat16 in the convolutions with stride 2, where the transforms around the products only add, and in the weights'
  /// gradients, whose error does not reach other layers.
  case mixed
  /// bfloat16 also in all of F(4×4, 3×3), whose transforms enlarge rounding errors: about 3 % rms of a result.
  case mixedWinograd = "mixed-winograd"

  /// Whether a pass of a convolution with this stride has bfloat16 factors.
  func narrows(_ pass: ConvolutionPass, stride: Int) -> Bool {
    switch self {
    case .float32: false
    case .mixed: stride > 1 || pass == .backwardWeights
    case .mixedWinograd: true
    }
  }
}

extension Precision {
  /// - Throws: `precision.unknown`.
  package init(named name: String) throws {
    guard let precision = Precision(rawValue: name) else {
      throw Failure(
        "precision.unknown", "no such precision", on: name,
        expected: Precision.allCases.map(\.rawValue).joined(separator: ", "), exit: .usage)
    }
    self = precision
  }
}

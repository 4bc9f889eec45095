import Basics

/// In what the factors of convolutions' products are held; weights, statistics and all sums are single precision in
/// each.
package enum Precision: String, Sendable, CaseIterable {
  case float32
  /// bfloat16 where the transforms around the products only add, in the convolutions with stride 2, and where no layer
  /// after inherits the error, in the gradients of weights.
  case mixed
  /// bfloat16 in all of F(4×4, 3×3) too, whose transforms enlarge rounding errors: some 3 % rms of a result.
  case mixedWinograd = "mixed-winograd"

  /// Whether a pass of a convolution of this stride has bfloat16 factors.
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

import Kernels
import Training

/// What a probe learns from: rows to fit, rows that choose its strength or its end, and their labels.
package struct ProbeData: Sendable {
  package var fit: FeatureRows
  /// Empty when there are too few clips to set some aside.
  package var validation: FeatureRows
  /// `[rows, classes]` each.
  package var fitTargets: [Float]
  package var validationTargets: [Float]
  package var classes: Int
  package var isMultiLabel: Bool

  package init(_ features: FeatureRows, _ targets: Targets, fit: [Int], validation: [Int]) {
    self.fit = features.rows(fit)
    self.validation = features.rows(validation)
    fitTargets = targets.matrix(fit)
    validationTargets = targets.matrix(validation)
    classes = targets.names.count
    isMultiLabel = targets.isMultiLabel
  }

  var loss: LabelLoss { isMultiLabel ? .sigmoid : .softmax }

  /// Rows of both shares together.
  var all: (rows: FeatureRows, targets: [Float]) {
    (FeatureRows(fit.values + validation.values, width: fit.width), fitTargets + validationTargets)
  }
}

/// A classifier on frozen features. Training is a function of the data and the seed alone.
package protocol Probe: Sendable {
  static var name: String { get }
  /// One line for the protocol.
  static var description: String { get }
  /// The scores of test rows, `[rows, classes]`, and what was chosen on the validation share.
  static func run(_ data: ProbeData, test: FeatureRows, seed: UInt64, backend: any Backend) throws
    -> ProbeOutcome
}

package struct ProbeOutcome: Sendable {
  package var scores: [Float]
  /// The strength or the epoch that the validation share chose.
  package var choice: Double
}

/// Every probe there is. A new one is one file and one line.
package let builtInProbes: [any Probe.Type] = [LinearProbe.self, HiddenLayerProbe.self, RidgeProbe.self]

import Kernels
import Training

/// The data for training a probe: rows to fit, rows to choose its strength or the end of training, and their labels.
package struct ProbeData: Sendable {
  package var fit: FeatureRows
  /// Empty if there are too few clips for a validation share.
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

  /// The rows of both shares together.
  var all: (rows: FeatureRows, targets: [Float]) {
    (FeatureRows(fit.values + validation.values, width: fit.width), fitTargets + validationTargets)
  }
}

/// A classifier on frozen features. Training depends only on the data and the seed.
package protocol Probe: Sendable {
  static var name: String { get }
  /// One line for the protocol.
  static var description: String { get }
  /// The scores of test rows, `[rows, classes]`, and the value chosen on the validation share.
  static func run(_ data: ProbeData, test: FeatureRows, seed: UInt64, backend: any Backend) throws
    -> ProbeOutcome
}

package struct ProbeOutcome: Sendable {
  package var scores: [Float]
  /// The strength or the epoch chosen on the validation share.
  package var choice: Double
}

/// All probes. A new one needs a file and an entry here.
package let builtInProbes: [any Probe.Type] = [LinearProbe.self, HiddenLayerProbe.self, RidgeProbe.self]

import Basics
import Kernels
import Training

/// The settings of `pipeline distill`.
package struct DistillSettings: Sendable {
  /// The name of the run for people; nil keeps the name that it has, if any.
  package var name: String?
  package var shards = "shards"
  package var workspace = ".pipeline"
  package var configuration = TrainingConfiguration()
  package var limits = TrainingLimits()
  package var instructionSet = InstructionSet.best
  package var threads = Machine.processors
  /// What to start from: a weights file, `last`, or a run; nil for random weights.
  package var initial: String?
  /// Whether to delete the checkpoints of the same run first.
  package var fresh = false
  package var runs = "runs"

  package init() {}
}

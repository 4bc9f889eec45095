import Basics
import Kernels
import Training

/// What `pipeline distill` is asked to do.
package struct DistillSettings: Sendable {
  /// What the run is called by people; nil: what it was called before, or nothing.
  package var name: String?
  package var shards = "shards"
  package var workspace = ".pipeline"
  package var configuration = TrainingConfiguration()
  package var limits = TrainingLimits()
  package var instructionSet = InstructionSet.best
  package var threads = Machine.processors
  /// What to start from: a weight file, `last`, or a run. Nil: random weights.
  package var initial: String?
  /// Drops the checkpoints of the same run first.
  package var fresh = false
  package var runs = "runs"

  package init() {}
}

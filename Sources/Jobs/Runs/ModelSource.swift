import Basics

/// Where a model comes from: a weights file or a run.
package enum ModelSource: Sendable, Equatable {
  case file(String)
  /// The run trained last for nil.
  case run(String?)

  /// The file that `pipeline export` writes in the examples; it is used when nothing was trained here.
  package static let usualFile = "weights.bin"

  /// - Parameters:
  ///   - weights: a file; nil takes the run.
  ///   - run: its name; nil takes the run trained last, or the usual file when there is no run.
  ///   - checkpoint: which weights of the run; with it, only a run will do.
  /// - Throws: `usage.weights` when a file and a run, or a file and a checkpoint, are named; `run.none` when nothing
  ///   is named and there is neither a run nor the usual file.
  package init(
    weights: String?, run: String?, checkpoint: TrainedModel.Choice? = nil, runs: String = "runs",
    usualFile: String = Self.usualFile
  ) throws {
    try Self.check(weights: weights, run: run, checkpoint: checkpoint)
    if let weights {
      self = .file(weights)
    } else if run != nil || checkpoint != nil || !RunList.names(in: runs).isEmpty {
      self = .run(run)
    } else if Files.exists(usualFile) {
      self = .file(usualFile)
    } else {
      throw Failure.noModel(runs, usualFile)
    }
  }

  /// - Throws: `usage.weights`.
  package static func check(weights: String?, run: String?, checkpoint: TrainedModel.Choice? = nil) throws {
    guard weights != nil else { return }
    if run != nil { throw Failure.fileAndRun("--run") }
    if checkpoint != nil { throw Failure.fileAndRun("--checkpoint") }
  }
}

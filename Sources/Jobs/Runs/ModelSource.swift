import Basics

/// Where a model comes from: a weights file or a run.
package enum ModelSource: Sendable, Equatable {
  case file(String)
  /// The run trained last for nil.
  case run(String?)

  /// The file that `pipeline export` writes in the examples, which is used when there is no run.
  private static let usualFile = "weights.bin"

  /// - Parameters:
  ///   - weights: a file; nil takes the run.
  ///   - run: its name; nil takes the run trained last, or `weights.bin` when nothing was trained here.
  /// - Throws: `usage.weights` when both are named; `run.none` when there is neither a run nor that file.
  package init(weights: String?, run: String?, runs: String = "runs") throws {
    if weights != nil, run != nil { throw Failure.fileAndRun }
    if let weights {
      self = .file(weights)
    } else if let run {
      self = .run(run)
    } else {
      do {
        _ = try RunList(runs).chosen(nil)
        self = .run(nil)
      } catch let failure as Failure where failure.code == Failure.noRunCode {
        guard Files.exists(Self.usualFile) else { throw failure }
        self = .file(Self.usualFile)
      }
    }
  }
}

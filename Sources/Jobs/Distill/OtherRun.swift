import Basics
import Runs
import Training

/// An earlier run, and why the requested run does not continue it.
package struct OtherRun: Sendable, Equatable {
  package var name: String
  package var steps: Int
  /// One line for each difference from the requested run.
  package var reasons: [String]

  /// The most runs that are reported.
  static let most = 3
}

extension TrainingRun {
  /// The other runs with checkpoints, the ones trained last, newest first; empty when this run has already begun.
  package var others: [OtherRun] {
    guard !settings.fresh, stepsDone == nil else { return [] }
    var found: [OtherRun] = []
    for run in RunList(settings.runs).runs where run.name != description.name {
      guard found.count < OtherRun.most, let state = run.checkpoints.latestState else { continue }
      let subject = "run \(run.name) (\(counted(state.step, "step")))"
      found.append(OtherRun(name: run.name, steps: state.step, reasons: reasons(run.description, subject)))
    }
    return found
  }

  private func reasons(_ other: RunDescription, _ subject: String) -> [String] {
    var reasons: [String] = []
    let values = { (run: RunDescription) -> [String: String] in
      var configuration = run.configuration
      (configuration.patience, configuration.initialWeights) = (nil, nil)
      var values = (try? configuration.values()) ?? [:]
      values["start from"] = run.start
      return values
    }
    for (what, differences) in [
      ("data", data.changes(since: other)),
      ("settings", ValueDifferences.sentences(then: values(other), now: values(description))),
      (
        "tools",
        ValueDifferences.sentences(
          then: other.tools(named: description.toolchain.keys), now: description.toolchain)
      ),
    ] where !differences.isEmpty {
      reasons.append("the \(what) differ from \(subject): \(differences.joined(separator: "; "))")
    }
    return reasons.isEmpty ? ["\(subject) was trained by another version of pipeline"] : reasons
  }
}

import Basics
import Runs
import Training

/// A run with the settings and the clips of this one that has checkpoints, but that this build cannot continue: its
/// bits come from another toolchain or from another version of the trainer.
package struct EarlierRun: Sendable, Equatable {
  package var name: String
  package var steps: Int
  /// What differs, by its name in run.json: how it was, how it is. Empty: another version of the trainer.
  package var differences: [String: String]

  /// What a person is told.
  package var sentence: String {
    let why =
      differences.isEmpty
      ? "it was trained by another version of pipeline"
      : "it was trained with "
        + differences.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    return """
      run \(name) has these settings and clips and \(steps) steps, but cannot continue bit for bit: \(why). \
      This run starts at step 0; to start from those weights: pipeline distill --init \(name)
      """
  }
}

extension TrainingRun {
  /// The one with the most steps among those that lie beside this run; nil where there is none, or where this run
  /// itself has begun.
  package var earlier: EarlierRun? {
    guard !settings.fresh, stepsDone == nil else { return nil }
    var sought = description.configuration
    sought.patience = nil
    var found: EarlierRun?
    for directory in RunList(settings.runs).runs where directory.description.name != description.name {
      let other = directory.description
      var configuration = other.configuration
      configuration.patience = nil
      guard other.data == description.data, configuration == sought, let state = directory.checkpoints.latestState,
        state.step > found?.steps ?? -1
      else { continue }
      found = EarlierRun(name: other.name, steps: state.step, differences: differences(from: other))
    }
    return found
  }

  private func differences(from other: RunDescription) -> [String: String] {
    let then = other.tools(named: description.toolchain.keys)
    return description.toolchain.filter { then[$0.key] != $0.value }.reduce(into: [:]) { result, tool in
      result[tool.key] = "\(then[tool.key] ?? "") (now \(tool.value))"
    }
  }
}

extension RunDescription {
  /// These of the tools that a run was trained with; earlier versions knew some under other names.
  func tools(named names: some Sequence<String>) -> [String: String] {
    Dictionary(uniqueKeysWithValues: names.map { ($0, toolchain[$0] ?? "of an earlier version") })
  }
}

import Basics
import Runs
import Training

/// A run with this run's settings and clips that has checkpoints but cannot be continued by this build: its weights
/// come from another toolchain or another version of the trainer.
package struct EarlierRun: Sendable, Equatable {
  package var name: String
  package var steps: Int
  /// Differences by name in `run.json`: old value, new value. Empty means another version of the trainer.
  package var differences: [String: String]

  /// The message for the user.
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
  /// The run with the most steps among those beside this run; nil when there is none or this run has already begun.
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
  /// The named tools that a run was trained with; earlier versions knew some under other names.
  func tools(named names: some Sequence<String>) -> [String: String] {
    Dictionary(uniqueKeysWithValues: names.map { ($0, toolchain[$0] ?? "of an earlier version") })
  }
}

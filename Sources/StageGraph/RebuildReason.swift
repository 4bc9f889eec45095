// Why an action runs: the answer to `--explain`. The planner and the runner find the reasons; this file turns them into
// text.

import Basics

/// Why an action runs.
package enum RebuildReason: Sendable, Equatable, CustomStringConvertible {
  case neverBuilt
  case stageVersionChanged(from: Int, to: Int)
  /// Each `name: old → new`.
  case toolchainChanged([String])
  /// Each `name: old → new`.
  case parameterChanged([String])
  /// Names of inputs that are new, removed or changed.
  case inputChanged([String])
  case outputMissing([String])
  case outputCorrupt([String])
  /// Files outside the store that have changed since they were written.
  case outputChanged([String])
  case forced
  /// The last result was kept only for its own run.
  case notFinalBefore

  /// A stable code for programs.
  package var code: String {
    switch self {
    case .neverBuilt: "never-built"
    case .stageVersionChanged: "stage-version-changed"
    case .toolchainChanged: "toolchain-changed"
    case .parameterChanged: "parameter-changed"
    case .inputChanged: "input-changed"
    case .outputMissing: "output-missing"
    case .outputCorrupt: "output-corrupt"
    case .outputChanged: "output-changed"
    case .forced: "forced"
    case .notFinalBefore: "not-final-before"
    }
  }

  package var description: String {
    switch self {
    case .neverBuilt: "never built"
    case .stageVersionChanged(let from, let to): "stage version changed: \(from) → \(to)"
    case .toolchainChanged(let changes): "toolchain changed: \(list(changes))"
    case .parameterChanged(let changes): "parameter changed: \(list(changes))"
    case .inputChanged(let names): "input changed: \(list(names))"
    case .outputMissing(let names): "output missing: \(list(names))"
    case .outputCorrupt(let names): "output corrupt: \(list(names))"
    case .outputChanged(let names): "output changed: \(list(names))"
    case .forced: "forced"
    case .notFinalBefore: "the last result was not final"
    }
  }

  /// The first few items, and the number of the others.
  private func list(_ items: [String]) -> String {
    let shown = items.prefix(4).joined(separator: ", ")
    return items.count > 4 ? "\(shown) and \(items.count - 4) more" : shown
  }

  /// `name: old → new` for each entry that differs, in byte order of the names.
  static func changes(from old: [String: String], to new: [String: String]) -> [String] {
    Set(old.keys).union(new.keys).sorted(by: precedesInBytes).compactMap { name in
      old[name] == new[name] ? nil : "\(name): \(old[name] ?? "(none)") → \(new[name] ?? "(none)")"
    }
  }
}

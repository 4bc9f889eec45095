// Determines which part this process is from the environment variables of schedulers: MPI launchers, Slurm's arrays and
// tasks, Kubernetes' indexed jobs, CI systems. Read only if a flag asks for it.

/// The part that a flag asks for.
package enum PartChoice: Sendable, Equatable {
  case given(WorkPart)
  /// The part from the environment; `count` if the flag gives the number of parts.
  case automatic(count: Int?)

  /// `i/n`, `auto` or `auto/n`; nil for anything else.
  package init?(_ text: String) {
    if text == "auto" {
      self = .automatic(count: nil)
    } else if text.hasPrefix("auto/") {
      guard let count = WorkPart.number(text.dropFirst(5)), WorkPart(index: 0, count: count) != nil else { return nil }
      self = .automatic(count: count)
    } else {
      guard let part = WorkPart(text) else { return nil }
      self = .given(part)
    }
  }
}

/// A part, and the source of its number.
package struct ChosenPart: Sendable, Equatable {
  package var part: WorkPart
  /// `--part`, or the variable with the number.
  package var source: String
  /// The number of parts that no task of this array has: an array with gaps leaves them to the task that finishes the
  /// work.
  package var unowned = 0

  package init(_ part: WorkPart, from source: String, unowned: Int = 0) {
    (self.part, self.source, self.unowned) = (part, source, unowned)
  }
}

/// The facts about parts in the environment.
package struct PartEnvironment: Sendable {
  private let variables: [String: String]

  package init(_ variables: [String: String]) { self.variables = variables }

  /// A number and a count in separate variables.
  private struct Pair {
    var index: String
    var count: String?
    /// The value of the first number.
    var first = 0
  }

  private enum Source {
    /// `PIPELINE_PART=i/n`.
    case whole(String)
    case pair(Pair)
    case slurmArray

    /// The variable that shows that there are parts.
    var name: String {
      switch self {
      case .whole(let name): name
      case .pair(let pair): pair.index
      case .slurmArray: Slurm.id
      }
    }
  }

  private enum Slurm {
    static let (id, min, max) = ("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_MAX")
    static let (count, step) = ("SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_STEP")
  }

  /// The first source that is set decides.
  private static let sources: [Source] = [
    .whole("PIPELINE_PART"),
    .pair(Pair(index: "OMPI_COMM_WORLD_RANK", count: "OMPI_COMM_WORLD_SIZE")),
    .pair(Pair(index: "PMI_RANK", count: "PMI_SIZE")),
    .slurmArray,
    .pair(Pair(index: "SLURM_PROCID", count: "SLURM_NTASKS")),
    .pair(Pair(index: "JOB_COMPLETION_INDEX", count: nil)),
    .pair(Pair(index: "CI_NODE_INDEX", count: "CI_NODE_TOTAL", first: 1)),
  ]

  /// The part that a flag asks for.
  /// - Throws: `usage.part` if the environment gives no part, only half of one, or one that contradicts the flag's
  ///   count.
  package func part(_ choice: PartChoice) throws -> ChosenPart {
    switch choice {
    case .given(let part): return ChosenPart(part, from: "--part")
    case .automatic(let count):
      guard let source = found else { throw Failure.partUnknown(Self.sources.map(\.name)) }
      return try part(source, count)
    }
  }

  /// One sentence if this process looks like one of several tasks; nil if it does not.
  package var sign: String? {
    guard let source = found else { return nil }
    if let chosen = try? part(source, nil), chosen.part.count == 1 { return nil }
    return "\(source.name) is \(value(source.name) ?? "")"
  }

  private var found: Source? { Self.sources.first { value($0.name) != nil } }

  private func value(_ name: String) -> String? { variables[name].flatMap { $0.isEmpty ? nil : $0 } }

  private func number(_ name: String, with other: String) throws -> Int {
    guard let text = value(name) else { throw Failure.partHalf(other, without: name) }
    guard let number = WorkPart.number(text) else { throw Failure.partNumber(name, text) }
    return number
  }

  private func part(_ source: Source, _ count: Int?) throws -> ChosenPart {
    switch source {
    case .whole(let name):
      let text = value(name) ?? ""
      guard let part = WorkPart(text) else { throw Failure.partNumber(name, text, expected: "i/n, i from 0") }
      return try agreed(part.index, part.count, name, count)
    case .pair(let pair):
      let index = try number(pair.index, with: pair.index) - pair.first
      guard let name = pair.count else {
        guard let count else { throw Failure.partCountUnknown(pair.index) }
        return try agreed(index, count, pair.index, count)
      }
      return try agreed(index, try number(name, with: pair.index), pair.index, count)
    case .slurmArray: return try slurmArray(count)
    }
  }

  private func agreed(_ index: Int, _ found: Int, _ name: String, _ count: Int?) throws -> ChosenPart {
    if let count, count != found { throw Failure.partCounts(name, found: found, flag: count) }
    guard let part = WorkPart(index: index, count: found) else {
      throw Failure.partOutside(name, value(name) ?? "", count: found)
    }
    return ChosenPart(part, from: name)
  }

  /// If the flag gives the number of parts, a task's id is its part. So arrays can be split into ranges, and lost tasks
  /// can be submitted again by their ids. Otherwise the array is the whole work: its ids become 0, 1, … if they are
  /// evenly spaced; if they are not, each id from the first to the last stands for a part, whether or not a task has
  /// it.
  private func slurmArray(_ count: Int?) throws -> ChosenPart {
    let id = try number(Slurm.id, with: Slurm.id)
    if let count {
      guard let part = WorkPart(index: id, count: count) else {
        throw Failure.partOutside(Slurm.id, "\(id)", count: count)
      }
      return ChosenPart(part, from: Slurm.id)
    }
    let first = try number(Slurm.min, with: Slurm.id)
    let tasks = try number(Slurm.count, with: Slurm.id)
    let last = value(Slurm.max) == nil ? first + tasks - 1 : try number(Slurm.max, with: Slurm.id)
    let step = value(Slurm.step) == nil ? 1 : try number(Slurm.step, with: Slurm.id)
    guard first <= id, id <= last, tasks > 0 else { throw Failure.partOutside(Slurm.id, "\(id)", count: tasks) }
    if step > 0, (id - first) % step == 0, (last - first) / step + 1 == tasks {
      return try agreed((id - first) / step, tasks, Slurm.id, nil)
    }
    var chosen = try agreed(id - first, last - first + 1, Slurm.id, nil)
    chosen.unowned = max(0, chosen.part.count - tasks)
    return chosen
  }
}

import Basics
import Evaluation
import Foundation

/// Runs to remove, with their size and the runs that depend on them.
package struct RunRemoval: Sendable {
  package struct Item: Sendable {
    package let run: RunList.Run
    package let summary: RunSummary
    /// The total size of the files in the run's directory.
    package let bytes: Int
    /// Runs that started from its weights. They keep their own weights.
    package let children: [String]
  }

  package let items: [Item]

  /// - Throws: `run.unknown`, `run.ambiguous`.
  package init(_ names: [String], in list: RunList) throws {
    var seen: Set<String> = []
    let runs = try names.map(list.named).filter { seen.insert($0.directory).inserted }
    items = runs.map { run in
      Item(
        run: run, summary: RunSummary(run), bytes: run.bytes,
        children: list.runs.filter { $0.description.parent?.name == run.description.name }.map(\.title))
    }
  }

  package var bytes: Int { items.reduce(0) { $0 + $1.bytes } }

  /// Removes one run: its directory is renamed to a name that no run has, and then deleted.
  /// - Throws: the lock's failure when the run is being trained; errors of the file system.
  package func remove(_ item: Item) throws {
    let directory = item.run.directory
    let lock = try FileLock("\(directory)/lock", of: directory, hint: "wait until its training has ended")
    defer { withExtendedLifetime(lock) {} }
    let aside = "\(Files.parent(directory))/\(RunList.removedPrefix)\(item.run.name)"
    if Files.exists(aside) { try Files.remove(aside) }
    try Files.rename(directory, to: aside)
    try Files.remove(aside)
  }
}

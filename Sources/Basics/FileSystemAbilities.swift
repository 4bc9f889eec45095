import Glibc

/// What the file system of a directory can do that not all can. Tried out, in a directory of its own that goes at once.
package struct FileSystemAbilities: Sendable, Equatable {
  /// Whether two directories change places in one step.
  package var exchanges = true
  /// Whether a file may have a second name.
  package var links = true

  /// - Parameter directory: one that is there and may be written.
  /// - Throws: a `Failure` where nothing can be written there.
  package init(of directory: String) throws {
    let trial = "\(directory)/.pipeline-trial-\(getpid())"
    // A removal that fails once is done again: what stays would lie beside the user's shards.
    defer { if (try? Files.remove(trial)) == nil { try? Files.remove(trial) } }
    for name in ["a", "b"] { try Files.makeDirectory("\(trial)/\(name)") }
    try Files.write([0], to: "\(trial)/f")
    exchanges = fileSystem.exchange("\(trial)/a", "\(trial)/b") == 0
    links = fileSystem.link("\(trial)/f", to: "\(trial)/g") == 0
  }

  /// What is done instead, in one line; nil where nothing has to be.
  package var substitutes: String? {
    let lines = [
      exchanges ? nil : "directories change places in three renames", links ? nil : "files are copied, not linked",
    ].compactMap { $0 }
    return lines.isEmpty ? nil : lines.joined(separator: ", ")
  }
}

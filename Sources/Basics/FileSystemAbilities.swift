import Glibc

/// The optional abilities of a directory's file system. They are tested in a temporary directory, which is removed at
/// once.
package struct FileSystemAbilities: Sendable, Equatable {
  /// Whether two directories can be exchanged in one step.
  package var exchanges = true
  /// Whether a file may have a second name.
  package var links = true

  /// - Parameter directory: an existing, writable directory.
  /// - Throws: a `Failure` if nothing can be written there.
  package init(of directory: String) throws {
    let trial = "\(directory)/.pipeline-trial-\(getpid())"
    // Tries a failed removal a second time, so that nothing is left beside the user's shards.
    defer { if (try? Files.remove(trial)) == nil { try? Files.remove(trial) } }
    for name in ["a", "b"] { try Files.makeDirectory("\(trial)/\(name)") }
    try Files.write([0], to: "\(trial)/f")
    exchanges = fileSystem.exchange("\(trial)/a", "\(trial)/b") == 0
    links = fileSystem.link("\(trial)/f", to: "\(trial)/g") == 0
  }

  /// One line about what is done instead; nil if nothing is missing.
  package var substitutes: String? {
    let lines = [
      exchanges ? nil : "directories change places in three renames", links ? nil : "files are copied, not linked",
    ].compactMap { $0 }
    return lines.isEmpty ? nil : lines.joined(separator: ", ")
  }
}

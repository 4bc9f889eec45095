// Keeps a cache's directory within its bound: what was used least lately goes first. Readers need not be kept out: a
// file that is open stays whole, and one that is gone is missing. One process at a time does this; others go on.

import Basics
import Foundation

struct CacheTrim {
  private struct Entry {
    var path: String
    var size: Int
    var used: Int64
  }

  /// What of the bound is left when entries are removed, so that not every new one removes another.
  private static let target = (numerator: 15, denominator: 16)
  /// Nobody takes so long to write a file.
  private static let leftOverAge: Int64 = 86_400_000_000_000

  private let root: String

  init(_ root: String) { self.root = root }

  /// Removes entries where there are more than `limit` bytes of them.
  /// - Returns: bytes that are left; nil where another process is at it, or nothing may be written here.
  @discardableResult
  func run(limit: Int) -> Int? {
    let directory = "\(root)/gc"
    if !Files.isDirectory(directory) { _ = fileSystem.makeDirectory(directory) }
    guard let lock = try? FileLock("\(directory)/lock") else { return nil }
    defer { withExtendedLifetime(lock) {} }
    var entries = ["ac", "cas"].flatMap { files(in: "\(root)/\($0)") }
    var left = entries.reduce(0) { $0 + $1.size }
    guard left > limit else { return left }
    let wanted = limit / Self.target.denominator * Self.target.numerator
    // Answers before what they name, where the times are the same: then none names what is gone.
    entries.sort { ($0.used, $0.path) < ($1.used, $1.path) }
    for entry in entries where left > wanted {
      // One that was used since it was listed stays.
      guard let now = try? Files.identity(entry.path), now.modified == entry.used else { continue }
      if fileSystem.unlink(entry.path) == 0 { left -= entry.size }
    }
    return left
  }

  /// Removes unfinished files of processes that were killed long ago.
  func removeLeftOvers() {
    let now = DirectoryListing.now()
    for file in (try? Files.entries(in: "\(root)/tmp")) ?? [] {
      guard let identity = file.identity, identity.kind == .file, now - identity.modified > Self.leftOverAge else {
        continue
      }
      _ = fileSystem.unlink("\(root)/tmp/\(file.name)")
    }
  }

  private func files(in store: String) -> [Entry] {
    let directories = (try? Files.entries(in: store)) ?? []
    return directories.filter { $0.identity?.kind == .directory }.flatMap { directory -> [Entry] in
      let path = "\(store)/\(directory.name)"
      return ((try? Files.entries(in: path)) ?? []).compactMap { file in
        guard let identity = file.identity, identity.kind == .file else { return nil }
        return Entry(path: "\(path)/\(file.name)", size: identity.size, used: identity.modified)
      }
    }
  }
}

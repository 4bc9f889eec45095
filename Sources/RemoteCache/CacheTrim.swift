// Keeps a cache directory within its size limit: the least recently used entries are removed first. Readers need no
// lock: an open file stays readable, and a removed one counts as missing. One process at a time trims; the others
// continue.

import Basics
import Foundation

struct CacheTrim {
  private struct Entry {
    var path: String
    var size: Int
    var used: Int64
  }

  /// The fraction of the limit that remains after trimming, so that not every new entry causes a removal.
  private static let target = (numerator: 15, denominator: 16)
  /// No process takes this long to write a file.
  private static let leftOverAge: Int64 = 86_400_000_000_000

  private let root: String

  init(_ root: String) { self.root = root }

  /// Removes entries if they have more than `limit` bytes in total.
  /// - Returns: the bytes left; nil if another process is trimming, or if the directory is not writable.
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
    // At equal times, answers go before the contents they refer to, so that no answer refers to a removed entry.
    entries.sort { ($0.used, $0.path) < ($1.used, $1.path) }
    for entry in entries where left > wanted {
      // An entry used since it was listed stays.
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

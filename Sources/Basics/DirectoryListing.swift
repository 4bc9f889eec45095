// One digest over the metadata of files: names, sizes, times, inodes. If two digests of settled files are equal,
// nothing was added, removed, replaced or written in between; no file needs to be read. 400,000 files take a fraction
// of a second.

import Glibc

/// The metadata of some files and directories.
///
/// Hidden names are skipped. Entries count in the system's listing order: another order of the same files gives another
/// digest, which costs a check but is never wrong.
package struct DirectoryListing: Sendable, Equatable {
  package let digest: Digest
  package let count: Int
  /// The last time that anything was written, replaced or renamed; in nanoseconds since 1970.
  package let newest: Int64

  /// - Parameter paths: files and directories; a missing one counts as absent.
  package init(_ paths: [String]) {
    let hasher = DigestBuilder()
    var (count, newest) = (0, Int64.min)
    for path in paths {
      hasher.update(field: path)
      hasher.update(field: Files.resolved(path) ?? "absent")
      var directories: [String] = []
      if Files.isDirectory(path) { directories.append(path) }
      let root = Self.look(at: path, relativeTo: AT_FDCWD)
      // A directory's own times also change with hidden files in it: only the listed entries count.
      if directories.isEmpty {
        hasher.update(root.bytes)
        newest = max(newest, root.newest)
      }
      while let directory = directories.popLast() {
        hasher.update(field: directory)
        let listed = Self.list(directory)
        for part in listed {
          hasher.update(part.digest.bytes)
          newest = max(newest, part.newest)
          count += part.count
          directories += part.directories.map { "\(directory)/\($0)" }
        }
      }
    }
    self.digest = hasher.finish()
    (self.count, self.newest) = (count, newest)
  }

  /// Whether nothing was written in the second before `begin`: a later write would then be visible.
  package func isSettled(at begin: Int64) -> Bool { newest < begin - 1_000_000_000 }

  /// Nanoseconds since 1970.
  package static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Self.nanoseconds(time)
  }

  // MARK: One directory

  private struct Part: Sendable {
    var digest: Digest
    var newest: Int64
    var count: Int
    var directories: [String]
  }

  private static let partSize = 4096

  /// The entries of a directory in parts, examined on several threads.
  private static func list(_ directory: String) -> [Part] {
    guard let handle = opendir(directory) else {
      return [Part(digest: Digest(of: "unreadable \(errno)"), newest: .max, count: 0, directories: [])]
    }
    defer { closedir(handle) }
    var names: [CChar] = []
    var starts: [Int] = []
    while let entry = readdir(handle) {
      withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { name in
          guard name[0] != 0x2E else { return }
          starts.append(names.count)
          names.append(contentsOf: UnsafeBufferPointer(start: name, count: strlen(name) + 1))
        }
      }
    }
    let (descriptor, pieces) = (dirfd(handle), (starts.count + partSize - 1) / partSize)
    let (text, offsets) = (names, starts)
    return parallelMap(pieces) { k in
      part(text, offsets[k * partSize..<min(offsets.count, (k + 1) * partSize)], descriptor)
    }
  }

  private static func part(_ names: [CChar], _ starts: ArraySlice<Int>, _ directory: Int32) -> Part {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(starts.count * 96)
    var newest = Int64.min
    var directories: [String] = []
    names.withUnsafeBufferPointer { names in
      for start in starts {
        guard let name = names.baseAddress.map({ $0 + start }) else { continue }
        let seen = look(at: name, relativeTo: directory)
        bytes.append(contentsOf: UnsafeRawBufferPointer(start: name, count: strlen(name) + 1))
        bytes.append(contentsOf: seen.bytes)
        if seen.isDirectory { directories.append(String(cString: name)) } else { newest = max(newest, seen.newest) }
      }
    }
    return Part(digest: Digest(of: bytes), newest: newest, count: starts.count, directories: directories)
  }

  private struct Outside {
    var bytes: [UInt8]
    var newest: Int64
    var isDirectory: Bool
  }

  private static func look(at name: UnsafePointer<CChar>, relativeTo directory: Int32) -> Outside {
    var status = stat()
    guard fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
      return Outside(bytes: Array("absent \(errno)".utf8), newest: .min, isDirectory: false)
    }
    let kind = status.st_mode & S_IFMT
    // The entries of a directory say more than its own times.
    if kind == S_IFDIR { return Outside(bytes: Array("folder".utf8), newest: .min, isDirectory: true) }
    var seen = Outside(bytes: [], newest: .min, isDirectory: false)
    add(status, to: &seen)
    if kind == S_IFLNK {
      // The target of the link, and the file there.
      var target = stat()
      seen.bytes += Array("→\(resolved(name, relativeTo: directory) ?? "absent")\0".utf8)
      if fstatat(directory, name, &target, 0) == 0 { add(target, to: &seen) }
    }
    return seen
  }

  private static func add(_ status: stat, to seen: inout Outside) {
    let (modified, changed) = (nanoseconds(status.st_mtim), nanoseconds(status.st_ctim))
    let words: (UInt64, UInt64, Int64, Int64, Int64, UInt64) = (
      UInt64(status.st_dev), UInt64(status.st_ino), Int64(status.st_size), modified, changed, UInt64(status.st_mode)
    )
    withUnsafeBytes(of: words) { seen.bytes.append(contentsOf: $0) }
    seen.newest = max(seen.newest, modified, changed)
  }

  private static func nanoseconds(_ time: timespec) -> Int64 {
    Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  private static func resolved(_ name: UnsafePointer<CChar>, relativeTo directory: Int32) -> String? {
    Files.resolved(
      directory == AT_FDCWD ? String(cString: name) : "/proc/self/fd/\(directory)/\(String(cString: name))")
  }
}

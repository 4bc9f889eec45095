// The names in a directory. Hundreds of thousands of names are sorted and examined as bytes, in place: creating strings
// for them would take a second.

import CSystem
import Dispatch
import Glibc

/// A name in a directory.
package struct DirectoryEntry: Sendable {
  /// A name that is not UTF-8 is repaired; no file can be found under the repaired name.
  package var name: String
  /// The identity of the entry itself, not of a link's target; nil if it cannot be determined, because the entry is
  /// gone or its name is not UTF-8.
  package var identity: FileIdentity?
}

extension Files {
  /// The entries of a directory except hidden names, in byte order. Each is examined once, on several threads.
  package static func entries(in directory: String) throws -> [DirectoryEntry] {
    let names = try DirectoryNames(directory, hidden: false)
    let handle = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard handle >= 0 else { throw Failure.system("open", directory) }
    defer { close(handle) }
    let (count, chunk) = (names.count, 2048)
    let entries = [DirectoryEntry](unsafeUninitializedCapacity: count) { slots, filled in
      nonisolated(unsafe) let base = slots.baseAddress
      DispatchQueue.concurrentPerform(iterations: (count + chunk - 1) / chunk) { part in
        guard let base else { return }
        for k in part * chunk..<min(count, (part + 1) * chunk) {
          (base + k).initialize(to: names.withName(k) { entry($0, in: handle) })
        }
      }
      filled = count
    }
    return names.areValid ? entries : entries.sorted { precedesInBytes($0.name, $1.name) }
  }

  private static func entry(_ name: UnsafePointer<CChar>, in directory: Int32) -> DirectoryEntry {
    guard let text = String(validatingCString: name) else {
      return DirectoryEntry(name: String(cString: name), identity: nil)
    }
    var raw = system_file_identity()
    let isThere = system_identity_of_entry(directory, name, &raw) == 0
    return DirectoryEntry(name: text, identity: isThere ? FileIdentity(raw) : nil)
  }
}

/// The names in a directory as bytes, without `.` and `..`, in byte order.
struct DirectoryNames: Sendable {
  private struct Name {
    /// The eight bytes after the common prefix of all names: they decide nearly every comparison.
    var head: UInt64 = 0
    var start: Int
    var count: Int
  }

  /// Each name ends with a zero byte.
  private var bytes: [CChar] = []
  private var names: [Name] = []
  /// Whether all names are UTF-8; if not, the repaired names have another order.
  private(set) var areValid = true

  /// - Parameter hidden: whether to include names that begin with a dot.
  init(_ directory: String, hidden: Bool = true) throws {
    guard let handle = opendir(directory) else { throw Failure.system("open", directory) }
    defer { closedir(handle) }
    while let entry = readdir(handle) {
      withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { name in
          let count = strlen(name)
          if name[0] == 0x2E, !hidden || count == 1 || (count == 2 && name[1] == 0x2E) { return }
          names.append(Name(start: bytes.count, count: count))
          bytes.append(contentsOf: UnsafeBufferPointer(start: name, count: count + 1))
        }
      }
    }
    sort()
  }

  var count: Int { names.count }

  func withName<R>(_ position: Int, _ body: (UnsafePointer<CChar>) -> R) -> R {
    let start = names[position].start
    return bytes.withUnsafeBufferPointer { all in
      guard let base = all.baseAddress else { preconditionFailure("a name without bytes") }
      return body(base + start)
    }
  }

  /// In byte order.
  var strings: [String] {
    let strings = (0..<count).map { k in
      withName(k) { String(validatingCString: $0) ?? String(cString: $0) }
    }
    return areValid ? strings : strings.sorted(by: precedesInBytes)
  }

  private mutating func sort() {
    guard let first = names.first else { return }
    bytes.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      var common = first.count
      for name in names {
        var same = 0
        while same < min(common, name.count), bytes[name.start + same] == bytes[first.start + same] { same += 1 }
        common = min(common, same)
      }
      for k in names.indices {
        let (start, count) = (names[k].start + common, names[k].count - common)
        var head: UInt64 = 0
        for i in 0..<8 { head = head << 8 | (i < count ? UInt64(bytes[start + i]) : 0) }
        names[k].head = head
      }
      names.sort { a, b in
        if a.head != b.head { return a.head < b.head }
        let order = memcmp(base + a.start, base + b.start, min(a.count, b.count))
        return order != 0 ? order < 0 : a.count < b.count
      }
    }
    areValid = (0..<count).allSatisfy { k in withName(k) { String(validatingCString: $0) != nil } }
  }
}

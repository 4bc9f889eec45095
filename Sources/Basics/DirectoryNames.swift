// What a directory lists. Hundreds of thousands of names are sorted and looked at where they lie, as bytes: as strings
// that alone takes a second.

import CSystem
import Dispatch
import Glibc

/// A name in a directory.
package struct DirectoryEntry: Sendable {
  /// What is no UTF-8 is repaired, and then names nothing.
  package var name: String
  /// Of the entry itself, not of what a link leads to; nil for one that cannot be asked for: it is gone, or its name is
  /// no UTF-8.
  package var identity: FileIdentity?
}

extension Files {
  /// What a directory lists but for hidden names, in byte order of the names. Each is looked at once, by several
  /// threads.
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
    /// Eight bytes behind what all names begin with: they decide nearly every comparison.
    var head: UInt64 = 0
    var start: Int
    var count: Int
  }

  /// Each ends with a zero.
  private var bytes: [CChar] = []
  private var names: [Name] = []
  /// Whether all are UTF-8; else the order of the repaired names is another.
  private(set) var areValid = true

  /// - Parameter hidden: whether names that begin with a dot count.
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

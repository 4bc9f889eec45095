import Basics
import Foundation
import Glibc

/// Lets each file operation of some work fail in turn, in each way, and checks the state that is left.
package struct FaultWalk {
  /// Writes the initial state into an empty directory.
  package var before: (_ directory: String) throws -> Void
  /// The work, which a user would run again after a failure.
  package var work: (_ directory: String) throws -> Void
  /// The state that the next run would find, as text; equal states give equal text.
  package var state: (_ directory: String) throws -> String
  /// How the N-th operation is made to fail.
  package var faults: (_ n: Int) -> [FaultyFileSystem.Fault] = { n in
    [.once(n, ENOSPC), .once(n, EIO), .fromThenOn(n, ENOSPC), .short(n)]
  }
  /// Whether the file system can exchange two names, and whether it supports links.
  package var (exchanges, links) = (true, true)
  /// Suffixes of file names that may differ in the end.
  package var ignored: [String] = [".lock"]

  package init(
    before: @escaping (_ directory: String) throws -> Void, work: @escaping (_ directory: String) throws -> Void,
    state: @escaping (_ directory: String) throws -> String
  ) {
    (self.before, self.work, self.state) = (before, work, state)
  }

  /// The problems that the walk found, one line each, and the number of operations that could fail.
  package struct Outcome {
    package var operations = 0
    package var problems: [String] = []
  }

  /// Walks over all operations and faults.
  ///
  /// After a failure, the state must be the old or the new one; without a failure, the new one. The work, done again,
  /// must succeed and leave exactly the files that it leaves without faults.
  package func run() throws -> Outcome {
    var outcome = Outcome()
    let template = try Scratch()
    try before(template.path)
    let (untouched, whole) = (try copy(template), try copy(template))
    let old = try state(untouched.path)
    let counting = FaultyFileSystem(below: whole.path, .never, exchanges: exchanges, links: links)
    try counting.inUse { try work(whole.path) }
    outcome.operations = counting.count
    let (new, files) = (try state(whole.path), try self.files(whole.path))
    if old == new { outcome.problems.append("the work changes nothing") }
    withExtendedLifetime((untouched, whole)) {}
    for n in 1...max(1, counting.count) {
      for fault in faults(n) {
        let scratch = try copy(template)
        defer { withExtendedLifetime(scratch) {} }
        var failure: (any Error)?
        do {
          try FaultyFileSystem(below: scratch.path, fault, exchanges: exchanges, links: links).inUse {
            try work(scratch.path)
          }
        } catch { failure = error }
        let left = try state(scratch.path)
        if left != new, failure == nil || left != old {
          outcome.problems.append("\(fault): \(failure.map { "\($0)" } ?? "no failure"), and the state is \(left)")
        }
        do { try work(scratch.path) } catch { outcome.problems.append("\(fault): done again it fails: \(error)") }
        if try self.files(scratch.path) != files {
          let names = try Set(self.files(scratch.path).map { "\($0)" }).symmetricDifference(files.map { "\($0)" })
          outcome.problems.append("\(fault): done again it leaves other files: \(names.sorted())")
        }
      }
    }
    withExtendedLifetime(template) {}
    return outcome
  }

  private func copy(_ template: Scratch) throws -> Scratch {
    let scratch = try Scratch()
    for name in try Files.names(in: template.path) {
      try FileManager.default.copyItem(atPath: template[name], toPath: scratch[name])
    }
    return scratch
  }

  /// The digest of each file in a directory tree.
  private func files(_ directory: String, below prefix: String = "") throws -> [String: String] {
    var result: [String: String] = [:]
    for name in try Files.names(in: directory) where !ignored.contains(where: { name.hasSuffix($0) }) {
      let path = "\(directory)/\(name)"
      if Files.isDirectory(path) {
        result.merge(try files(path, below: "\(prefix)\(name)/")) { a, _ in a }
      } else {
        result[prefix + name] = try Digest.ofFile(path).short
      }
    }
    return result
  }
}

// Subjects with nothing left to do: what all their actions were functions of when they were last up to date.
//
// A graph of 200,000 clips in three stages has 600,000 records. Comparing each takes seconds; one digest a clip over
// the inputs of all its actions says the same, and is made from the very inputs that the actions have, so that none can
// be forgotten. Only subjects whose digest differs are planned, action by action.
// An entry holds only as long as the records do: a commit, garbage collection and a lost artifact take it away, in the
// same transaction (CatalogSubjects). Whoever finds all actions of a subject up to date and final enters it again.

import Basics

/// What all actions of one subject are functions of, spelled one after the other and then hashed: the digest differs
/// whenever one of their fingerprints would.
package struct SubjectKey: Sendable {
  private let start: [UInt8]
  private var bytes: [UInt8] = []

  /// - Parameter stages: all that subjects of this graph may have actions of.
  package init(_ stages: [Stage]) {
    let hasher = DigestBuilder()
    hasher.update(field: "subject 1")
    for stage in stages {
      let encoding = Fingerprint.encode(stage)
      hasher.update(field: "\(encoding.count)")
      hasher.update(encoding)
    }
    start = hasher.finish().bytes
  }

  /// Forgets what was added: the next subject.
  package mutating func begin() {
    bytes.removeAll(keepingCapacity: true)
    bytes.append(contentsOf: start)
  }

  /// Adds an action. Inputs that other actions give count by whose output they are: those actions are added too.
  package mutating func add(_ stage: String, _ inputs: Action.Inputs) {
    add(stage)
    bytes.append(integer: UInt32(inputs.count).littleEndian)
    for element in inputs.elements {
      add(element.name)
      switch element.input {
      case .digest(let digest):
        bytes.append(0)
        digest.append(to: &bytes)
      case .output(let id, let output):
        bytes.append(1)
        add(id.stage)
        add(id.subject)
        add(output)
      }
    }
  }

  package var digest: Digest { Digest(of: bytes) }

  private mutating func add(_ text: String) {
    withBytes(text) { text in
      bytes.append(integer: UInt32(text.count).littleEndian)
      bytes.append(contentsOf: text)
    }
  }
}

/// A subject and what it was settled with.
package struct SettledSubject: Sendable {
  package var name: String
  /// `SubjectKey.digest` of its actions.
  package var key: Digest
  /// Of the outputs of all its records.
  package var outputs: Digest

  package init(name: String, key: Digest, outputs: Digest) {
    (self.name, self.key, self.outputs) = (name, key, outputs)
  }
}

/// Every subject that has a record, and what it was settled with, if it is: for the last few choices of stages, newest
/// first.
package struct SubjectLedger: Sendable {
  /// Key and outputs.
  private static let entrySize = 64
  /// Bytes of older entries that stay beside a new one.
  static let longestBefore = 2 * entrySize
  private var entries = BytesByKey()

  package init() {}

  mutating func add(_ name: UnsafeRawBufferPointer, _ settled: UnsafeRawBufferPointer) {
    entries.add(key: name, value: settled)
  }

  mutating func buildIndex() { entries.buildIndex() }

  package var count: Int { entries.count }

  /// The digest of a subject's outputs, where it was settled with this key.
  package func outputs(of subject: String, settledWith key: Digest) -> Digest? {
    guard let position = entries.find(subject) else { return nil }
    let value = entries.value(at: position)
    guard let base = value.baseAddress else { return nil }
    for start in stride(from: 0, through: value.count - Self.entrySize, by: Self.entrySize)
    where Digest(at: base + start) == key { return Digest(at: base + start + 32) }
    return nil
  }

  /// Those that are none of `subjects`.
  func others(than subjects: some Sequence<String>) -> [String] {
    var isOther = [Bool](repeating: true, count: entries.count)
    for subject in subjects { if let position = entries.find(subject) { isOther[position] = false } }
    return isOther.indices.filter { isOther[$0] }.map { String(decoding: entries.key(at: $0), as: UTF8.self) }
  }
}

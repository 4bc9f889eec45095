// Subjects with nothing left to do, each with a digest over the inputs of all its actions when they were last up to
// date.
//
// A graph of 200,000 clips in three stages has 600,000 records, and comparing all of them takes seconds. One digest per
// clip over the inputs of all its actions says the same; it is computed from the inputs of the actions themselves, so
// that none can be forgotten. Only subjects whose digest differs are planned action by action. An entry is valid only
// as long as the records are: a commit, garbage collection and a lost artifact remove it in the same transaction
// (CatalogSubjects). When all actions of a subject are found up to date and final, it is entered again.

import Basics

/// The inputs of all actions of one subject, encoded one after the other and hashed: the digest changes whenever one of
/// their fingerprints would change.
package struct SubjectKey: Sendable {
  private let start: [UInt8]
  private var bytes: [UInt8] = []

  /// - Parameter stages: all stages that subjects of this graph may have actions of.
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

  /// Clears what was added, for the next subject.
  package mutating func begin() {
    bytes.removeAll(keepingCapacity: true)
    bytes.append(contentsOf: start)
  }

  /// Adds an action. An input from another action is represented by that action's id, because that action is added too.
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

/// A subject and the digests it was settled with.
package struct SettledSubject: Sendable {
  package var name: String
  /// `SubjectKey.digest` of its actions.
  package var key: Digest
  /// The digest of the outputs of all its records.
  package var outputs: Digest

  package init(name: String, key: Digest, outputs: Digest) {
    (self.name, self.key, self.outputs) = (name, key, outputs)
  }
}

/// Every subject that has a record, and the digests it was settled with, if any: for the last few choices of stages,
/// newest first.
package struct SubjectLedger: Sendable {
  /// The size of a key and an outputs digest.
  private static let entrySize = 64
  /// The bytes of older entries that are kept with a new one.
  static let longestBefore = 2 * entrySize
  private var entries = BytesByKey()

  package init() {}

  mutating func add(_ name: UnsafeRawBufferPointer, _ settled: UnsafeRawBufferPointer) {
    entries.add(key: name, value: settled)
  }

  mutating func buildIndex() { entries.buildIndex() }

  package var count: Int { entries.count }

  /// The digest of a subject's outputs, if it was settled with this key.
  package func outputs(of subject: String, settledWith key: Digest) -> Digest? {
    guard let position = entries.find(subject) else { return nil }
    let value = entries.value(at: position)
    guard let base = value.baseAddress else { return nil }
    for start in stride(from: 0, through: value.count - Self.entrySize, by: Self.entrySize)
    where Digest(at: base + start) == key { return Digest(at: base + start + 32) }
    return nil
  }

  /// The subjects that are not in `subjects`.
  func others(than subjects: some Sequence<String>) -> [String] {
    var isOther = [Bool](repeating: true, count: entries.count)
    for subject in subjects { if let position = entries.find(subject) { isOther[position] = false } }
    return isOther.indices.filter { isOther[$0] }.map { String(decoding: entries.key(at: $0), as: UTF8.self) }
  }
}

// Which subjects are settled, and what makes them unsettled again.

import Basics
import Foundation
import Testing

@testable import StageGraph

@Suite struct SubjectLedgerTests {
  let directory = TestDirectory()
  private var arithmetic: Arithmetic { Arithmetic(directory.path) }
  private let leaves = ["a": 1, "b": 2, "c": 3]
  private let key = Digest(of: "key")
  private let outputs = Digest(of: "outputs")

  /// Builds, and marks every leaf as settled.
  private func settled() throws {
    _ = try arithmetic.build(leaves)
    let catalog = try Catalog.writer(directory.path)
    #expect(try catalog.ledger().outputs(of: "a", settledWith: key) == nil)
    try catalog.settle(leaves.keys.sorted().map { SettledSubject(name: $0, key: key, outputs: outputs) })
  }

  private func isSettled(_ subject: String, _ key: Digest? = nil) throws -> Bool {
    try Catalog.reader(directory.path).ledger().outputs(of: subject, settledWith: key ?? self.key) == outputs
  }

  @Test("an entry is valid for its key, beside entries for a few other sets of stages")
  func keys() throws {
    try settled()
    #expect(try isSettled("a") && isSettled("b") && !isSettled("z"))
    #expect(try !isSettled("a", Digest(of: "another")))
    for name in ["1", "2", "3"] {
      try Catalog.writer(directory.path).settle([SettledSubject(name: "a", key: Digest(of: name), outputs: outputs)])
    }
    #expect(try isSettled("a", Digest(of: "3")) && isSettled("a", Digest(of: "1")) && !isSettled("a"))
  }

  @Test("a commit removes the entries of the subjects whose records it changes, and no others")
  func commit() throws {
    try settled()
    let changed = try arithmetic.build(["a": 1, "b": 5, "c": 3])
    #expect(changed.ran.contains(Arithmetic.id("scale", "b")) && !changed.ran.contains(Arithmetic.id("scale", "a")))
    #expect(try isSettled("a") && !isSettled("b"))
  }

  @Test("a lost artifact or a missing segment removes all entries")
  func losses() throws {
    try settled()
    #expect(try isSettled("a"))
    try Catalog.writer(directory.path).lose([Digest(of: "some artifact")], .corrupt)
    #expect(try !isSettled("a"))
    try Catalog.writer(directory.path).settle([SettledSubject(name: "a", key: key, outputs: outputs)])
    #expect(try isSettled("a"))
    try Files.remove("\(ArtifactStore.directory(directory.path))/\(SegmentWriter.name(0))")
    #expect(try !isSettled("a"), "a reader sees that the file is gone")
  }

  @Test("garbage collection removes the entries of subjects whose records it removes")
  func garbage() throws {
    try settled()
    let store = try ArtifactStore(Catalog.writer(directory.path))
    try store.collect(store.garbage(generations: 0) { $0.subject != "b" })
    #expect(try isSettled("a") && !isSettled("b"))
    #expect(try store.catalog.ledger().others(than: ["a", "c"]) == [""])
  }

  @Test("the history of some subjects also includes the records of removed subjects")
  func history() throws {
    try settled()
    let store = try ArtifactStore(Catalog.writer(directory.path))
    let all = try store.history(of: ["a"], among: ["a"], store.catalog.ledger(), stages: Arithmetic.stages())
    #expect(all.count == 6 + 2)
    let one = try store.catalog.history(of: ["a"], stages: Arithmetic.stages().map(\.name), source: store)
    #expect(Set(one.records.map(\.subject)) == ["a"] && one.records.count == 2)
    #expect(try store.history(of: [], among: [], SubjectLedger(), stages: []).count == 0)
  }

  @Test("keys differ if a stage, an input's name or its digest differs")
  func differing() throws {
    var keys: Set<Digest> = []
    func add(_ stages: [Stage], _ actions: [(String, Action.Inputs)]) {
      var key = SubjectKey(stages)
      key.begin()
      for (stage, inputs) in actions { key.add(stage, inputs) }
      keys.insert(key.digest)
    }
    let (one, two) = (Stage(name: "one", version: 1), Stage(name: "two", version: 1, parameters: ["p": "1"]))
    let x = ActionInput.digest(Digest(of: "x"))
    add([one], [("one", ["in": x])])
    add([Stage(name: "one", version: 2)], [("one", ["in": x])])
    add([one, two], [("one", ["in": x])])
    add([one, Stage(name: "two", version: 1, parameters: ["p": "2"])], [("one", ["in": x])])
    add([one, two], [("one", ["in": x]), ("two", ["in": x])])
    add([one, two], [("two", ["in": x])])
    add([one, two], [("one", ["on": x])])
    add([one, two], [("one", ["in": .digest(Digest(of: "y"))])])
    add([one, two], [("one", ["in": .output(of: ActionID(stage: "one", subject: "s"), named: "o")])])
    add([one, two], [("one", ["in": .output(of: ActionID(stage: "one", subject: "s"), named: "p")])])
    #expect(keys.count == 10)
    add([one], [("one", ["in": x])])
    #expect(keys.count == 10)
  }
}

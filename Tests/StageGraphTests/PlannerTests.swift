// The planner alone: what it refuses, its messages, and fingerprints.

import Basics
import Foundation
import Testing

@testable import StageGraph

@Suite struct PlannerTests {
  let id = Arithmetic.id

  private func code(_ actions: [Action], stages: [Stage] = Arithmetic.stages(), force: Set<String> = []) -> String? {
    do {
      _ = try Planner.plan(stages: stages, actions: actions, history: .empty, force: force)
      return nil
    } catch {
      return (error as? Failure)?.code
    }
  }

  @Test("an inconsistent graph is refused")
  func refused() {
    let leaf = Digest(of: "1")
    let a = Action(id: id("scale", "a"), inputs: ["leaf": .digest(leaf)])
    let needsA = Action(id: id("sign", "a"), inputs: ["number": .output(of: id("scale", "a"), named: "product")])
    #expect(code([a, needsA]) == nil)
    #expect(code([needsA, a]) == "graph.order")
    #expect(code([needsA]) == "graph.input.unknown")
    #expect(code([a, a]) == "graph.action.duplicate")
    #expect(code([Action(id: id("scael", "a"), inputs: [:])]) == "graph.stage.unknown")
    #expect(code([a], force: ["sacle"]) == "graph.stage.unknown")
    #expect(code([a], stages: Arithmetic.stages() + [Stage(name: "sign", version: 2)]) == "graph.stage.duplicate")
    #expect(
      code([Action(id: id("scale", "a"), inputs: ["x": .digest(leaf), "x": .digest(leaf)])]) == "graph.input.duplicate")
    #expect(
      code([Action(id: id("sign", "a"), inputs: ["x": .output(of: id("sign", "a"), named: "y")])]) == "graph.order")
    #expect(code([Action(id: id("scale", String(repeating: "x", count: 70_000)), inputs: [:])]) == "graph.name.long")
  }

  @Test("ids are bytes: two spellings of one letter are two subjects")
  func bytes() throws {
    let (composed, decomposed) = (id("scale", "\u{e9}"), id("scale", "e\u{301}"))
    #expect(composed != decomposed)
    #expect(Set([composed, decomposed]).count == 2)
    #expect(code([Action(id: composed, inputs: [:]), Action(id: decomposed, inputs: [:])]) == nil)
    #expect([id("b", "a"), id("a", "b"), id("a", "a")].sorted() == [id("a", "a"), id("a", "b"), id("b", "a")])
  }

  @Test("every reason has a text")
  func words() {
    let reasons: [(RebuildReason, String)] = [
      (.neverBuilt, "never built"), (.stageVersionChanged(from: 1, to: 2), "stage version changed: 1 → 2"),
      (.toolchainChanged(["libavcodec: 59 → 60"]), "toolchain changed: libavcodec: 59 → 60"),
      (.parameterChanged(["rate: 8000 → 16000"]), "parameter changed: rate: 8000 → 16000"),
      (.inputChanged(["a", "b", "c", "d", "e", "f"]), "input changed: a, b, c, d and 2 more"),
      (.outputMissing(["sound"]), "output missing: sound"), (.outputCorrupt(["sound"]), "output corrupt: sound"),
      (.forced, "forced"), (.notFinalBefore, "the last result was not final"),
    ]
    for (reason, words) in reasons { #expect(reason.description == words) }
    #expect(Set(reasons.map(\.0.code)).count == reasons.count)
  }

  @Test("changes of a table list additions, removals and changes")
  func changes() {
    let changes = RebuildReason.changes(from: ["a": "1", "b": "2", "c": "3"], to: ["a": "1", "b": "4", "d": "5"])
    #expect(changes == ["b: 2 → 4", "c: 3 → (none)", "d: (none) → 5"])
  }

  @Test("a fingerprint never changes between versions")
  func frozen() {
    let stage = Stage(name: "multiply", version: 3, parameters: ["b": "2", "a": "1"], toolchain: ["cc": "14"])
    let inputs = ["left": Digest(of: "2"), "right": Digest(of: "3")]
    #expect(
      Fingerprint.of(stage, inputs: inputs).hex == "e78b8c6714dfd3250f06f38e48268a0358e5fbe344bff3b3db359e0b43868fa3")
    #expect(Fingerprint.of(stage, inputs: ["left": Digest(of: "2")]) != Fingerprint.of(stage, inputs: inputs))
    var other = stage
    (other.parameters, other.toolchain) = (stage.toolchain, stage.parameters)
    #expect(Fingerprint.of(other, inputs: inputs) != Fingerprint.of(stage, inputs: inputs))
    other = stage
    other.parameters = ["a": "12", "b": ""]
    #expect(Fingerprint.of(other, inputs: inputs) != Fingerprint.of(stage, inputs: inputs))
  }

  @Test("a digest in memory consists of its 32 bytes")
  func digestBytes() {
    let digest = Digest(of: "six")
    var bytes: [UInt8] = []
    digest.append(to: &bytes)
    #expect(bytes == digest.bytes)
    #expect(bytes.withUnsafeBytes { $0.baseAddress.map { Digest(at: $0) } } == digest)
    #expect(MemoryLayout<Digest>.size == 32)
  }

  @Test("a record that is truncated or padded anywhere is refused")
  func records() {
    let body = RecordBody(
      subject: "clip", configuration: 7, fingerprint: Digest(of: "f"),
      inputs: [("a", Digest(of: "1")), ("b", Digest(of: "2"))],
      outputs: [("sum", Artifact(digest: Digest(of: "3"), size: 1))], isFinal: true)
    #expect(body.subject == "clip" && body.configuration == 7 && body.isFinal && body.fingerprint == Digest(of: "f"))
    #expect(body.inputs.map(\.name) == ["a", "b"] && body.inputs.map(\.digest) == [Digest(of: "1"), Digest(of: "2")])
    #expect(body.output("sum") == Artifact(digest: Digest(of: "3"), size: 1) && body.output("su") == nil)
    #expect(body.renamed("other").subject == "other" && body.renamed("clip").bytes == body.bytes)
    let bytes = body.bytes
    #expect(bytes.withUnsafeBytes(RecordBody.isWhole))
    #expect(!(bytes + [0]).withUnsafeBytes(RecordBody.isWhole))
    for count in bytes.indices { #expect(!Array(bytes[..<count]).withUnsafeBytes(RecordBody.isWhole)) }
  }

  /// `GRAPH_CLIPS=200000 GRAPH_FOLDER=/tmp/graph` measures a large one, which stays for the next process to open.
  @Test("a no-op plan of 20,000 actions: its time is printed")
  func noOpTime() throws {
    let environment = ProcessInfo.processInfo.environment
    let directory = TestDirectory()
    let path = environment["GRAPH_FOLDER"] ?? directory.path
    let catalog = LargeCatalog(clips: environment["GRAPH_CLIPS"].flatMap(Int.init) ?? 20_000 / 3)
    if !Files.exists(path) { try catalog.fill(path) }
    for _ in 0..<2 { print(try catalog.time(path)) }
  }
}

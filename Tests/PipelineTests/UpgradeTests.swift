import Basics
import Foundation
import Tensors
import TestSupport
import Testing

/// Files written by version 0.1.0, packed by Scripts/reference/make-upgrade-fixture.
private struct OldFiles {
  /// expected.json: the results of version 0.1.0 on its own files.
  struct Expected: Decodable {
    /// The run's name.
    var run: String
    var toolchain: [String: String]
    /// The arguments of `distill`, without the number of steps.
    var training: [String]
    /// Digests of the files that `export` wrote, by name.
    var exports: [String: String]
    /// Digest of the weights two steps later.
    var continued: String
    /// Scores by row name.
    var retrieval: [String: [String: Double]]

    enum CodingKeys: String, CodingKey {
      case run, toolchain, training, exports, retrieval
      case continued = "continued.safetensors"
    }
  }

  static let directory = Files.parent(Files.parent(#filePath)) + "/Fixtures/0.1.0"

  static let canBeUnpacked: Bool = {
    let can = (try? Clips.shell(["sh", "-c", "tar --version >/dev/null && xz --version >/dev/null"])) != nil
    if !can { print("SKIPPED: xz is not installed; it unpacks what version 0.1.0 wrote") }
    return can
  }()

  let expected: Expected

  /// Unpacks archives into the tool's directory.
  init(_ archives: String..., into tool: Tool) throws {
    let bytes = try Files.read("\(Self.directory)/expected.json", limit: 1 << 20)
    expected = try JSONDecoder().decode(Expected.self, from: Data(bytes))
    for archive in archives {
      try Clips.shell(["tar", "-xJf", "\(Self.directory)/\(archive).tar.xz", "-C", tool.directory])
    }
  }
}

@Suite(
  "Files of version 0.1.0", .serialized, .enabled(if: OldFiles.canBeUnpacked, "xz unpacks them"))
struct UpgradeTests {
  private static let preparing = ["prepare", "videos", "--manifest", "clips.csv", "--max-bad-fraction", "0.5"]

  private struct Embedding: Decodable { var id: String, embedding: [Float] }

  private func embeddings(_ path: String) throws -> [String: [Float]] {
    let lines = try Files.read(path, limit: 1 << 24).split(separator: 0x0A)
    let rows = try lines.map { try JSONDecoder().decode(Embedding.self, from: Data($0)) }
    return Dictionary(uniqueKeysWithValues: rows.map { ($0.id, $0.embedding) })
  }

  @Test("weights of each format load, and embed audio to the same values as before")
  func weights() throws {
    let tool = try Tool()
    defer { tool.remove() }
    let old = try OldFiles("data", "weights", into: tool)
    let expected = try embeddings("\(OldFiles.directory)/sounds.jsonl")
    #expect(expected.count == 4 && Set(expected.values).count == 4)
    for file in old.expected.exports.keys.sorted() {
      let outcome = try tool.run("embed", "sounds", "--weights", file, "--out", "new.jsonl")
      #expect(outcome.status == 0, "\(file): \(outcome.problems)")
      let found = try embeddings(tool.path("new.jsonl"))
      #expect(found.keys.sorted() == expected.keys.sorted(), "\(file)")
      for (key, values) in expected {
        let others = try #require(found[key])
        #expect(others.count == values.count)
        // Other instruction sets add in another order.
        let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let error = zip(values, others).map { abs($0 - $1) }.max() ?? 1
        #expect(length > 1 && error < 1e-5 * length, "\(file), \(key): \(error) of \(length)")
      }
      try Files.remove(tool.path("new.jsonl"))
    }
  }

  @Test("a run exports to the same bytes, and its scores are unchanged")
  func run() throws {
    let tool = try Tool()
    defer { tool.remove() }
    let old = try OldFiles("data", "run", into: tool).expected
    for (file, digest) in old.exports.sorted(by: { $0.key < $1.key }) {
      let outcome = try tool.run("export", file)
      #expect(outcome.status == 0 && outcome.output.contains("run \(old.run), step 3"), "\(outcome)")
      #expect(try Self.digest(tool.path(file)) == digest, "\(file)")
    }
    let outcome = try tool.run("evaluate", "retrieve", "--run", old.run, "--split", "test", "--json")
    #expect(outcome.status == 0, "\(outcome.problems)")
    #expect(try scores(outcome.output) == old.retrieval)
  }

  /// The digest of an export in the form of 0.1.0, whose safetensors kept the format's mark under `format`.
  private static func digest(_ path: String) throws -> String {
    guard path.hasSuffix(".safetensors") else { return try Digest.ofFile(path).hex }
    let (tensors, written) = try SafetensorsFile.read(try Files.read(path), source: path)
    var metadata = written
    metadata["format"] = metadata.removeValue(forKey: "pipeline.format")
    return Digest(of: try SafetensorsFile.bytes(of: tensors, metadata: metadata)).hex
  }

  /// The measured rows of an evaluation's first table.
  private func scores(_ events: String) throws -> [String: [String: Double]] {
    struct Event: Decodable {
      struct Record: Decodable { var tables: [Table] }
      struct Table: Decodable { var rows: [Row] }
      struct Row: Decodable { var name: String, origin: String, scores: [String: Score] }
      struct Score: Decodable { var mean: Double }
      var event: String, record: Record?
    }
    let all = try events.split(separator: "\n").map { try JSONDecoder().decode(Event.self, from: Data($0.utf8)) }
    let record = try #require(all.first { $0.event == "evaluation" }?.record)
    let rows = try #require(record.tables.first).rows.filter { $0.origin == "measured" }
    return Dictionary(uniqueKeysWithValues: rows.map { ($0.name, $0.scores.mapValues(\.mean)) })
  }

  @Test("a run that this build can resume ends in the same bits; if it cannot, it says so")
  func continued() throws {
    let tool = try Tool()
    defer { tool.remove() }
    let old = try OldFiles("data", "run", into: tool).expected
    let outcome = try tool.run(all: ["distill"] + old.training + ["--steps", "5"])
    if outcome.problems.contains("[isa.absent]") || outcome.problems.contains("does not have the instruction set") {
      return print("SKIPPED: this CPU has no AVX2, with which version 0.1.0 trained the run")
    }
    #expect(outcome.status == 0, "\(outcome.problems)")
    let runs = try Files.names(in: tool.path("runs"))
    if runs == [old.run] {
      #expect(outcome.output.contains("resumed at step 3"), "\(outcome)")
      #expect(!outcome.problems.contains("warning"), "\(outcome.problems)")
      #expect(try tool.run("export", "continued.safetensors").status == 0)
      #expect(try Self.digest(tool.path("continued.safetensors")) == old.continued)
    } else {
      let name = try #require(runs.first { $0 != old.run })
      struct Run: Decodable { var toolchain: [String: String] }
      let bytes = try Files.read(tool.path("runs/\(name)/run.json"), limit: 1 << 20)
      let toolchain = try JSONDecoder().decode(Run.self, from: Data(bytes)).toolchain
      let why = toolchain == old.toolchain ? "by another version of pipeline" : "it was trained with "
      print("another toolchain than the run's: whether it would end in the same bits is not tested here")
      expectSaid(outcome, old.run, why)
    }
  }

  private func expectSaid(_ outcome: Tool.Outcome, _ run: String, _ why: String) {
    for text in [
      "warning: run \(run) has these settings and clips and 3 steps, but cannot continue bit for bit", why,
      "pipeline distill --init \(run)",
    ] {
      #expect(outcome.problems.contains(text), "\(text): \(outcome.problems)")
    }
    #expect(!outcome.output.contains("resumed"))
  }

  @Test("a run of other kernels is not resumed, but suggested as a starting point")
  func offered() throws {
    let tool = try Tool()
    defer { tool.remove() }
    let old = try OldFiles("data", "run", into: tool).expected
    let words = ["distill"] + old.training.map { $0 == "avx2" ? "portable" : $0 }
    let why = "kernels of an earlier version (now 5)"
    expectSaid(try tool.run(all: words + ["--steps", "1", "--dry-run"]), old.run, why)
    #expect(try Files.names(in: tool.path("runs")) == [old.run])
    expectSaid(try tool.run(all: words + ["--steps", "1"]), old.run, why)
    // The suggestion comes once: now there is a new run to resume.
    #expect(!(try tool.run(all: words + ["--steps", "1"])).problems.contains("warning"))
    #expect(!(try tool.run(all: words + ["--steps", "1", "--fresh"])).problems.contains("warning"))

    #expect(try tool.run("export", "old.bin", "--run", old.run).status == 0)
    let outcome = try tool.run(all: words.map { $0 == "init.safetensors" ? "old.bin" : $0 } + ["--steps", "1"])
    #expect(outcome.status == 0 && !outcome.problems.contains("warning"), "\(outcome.problems)")
  }

  @Test("a workspace opens, and its shards do not change")
  func workspace() throws {
    let tool = try Tool()
    defer { tool.remove() }
    _ = try OldFiles("data", into: tool)
    let before = try tool.digests("shards")
    let outcome = try tool.run(all: Self.preparing + ["--explain"])
    #expect(outcome.status == 0, "\(outcome.problems)")
    let layouts = outcome.problems.split(separator: "\n").filter { $0.contains("layout") }
    #expect(layouts.count <= 1, "\(layouts)")
    // Later versions place audio by other rules, in a stage with another name; the bytes of these clips are the same.
    #expect(outcome.output.contains("9 clips decoded"), "\(outcome.output)")
    if (outcome.output + outcome.problems).contains("toolchain changed") {
      print("another FFmpeg than the one that made the workspace: its clips may have other bytes")
    } else {
      // Version 0.1.0 wrote no prepared.csv.
      #expect(try tool.digests("shards").filter { $0.key != "prepared.csv" } == before)
    }
    #expect(try tool.run("prepare", "videos", "--manifest", "clips.csv").output.contains("up to date"))
    #expect(try tool.run("verify").status == 0)
    #expect(try tool.run("status").output.contains("9 clips: 0 kept, 8 with a warning, 1 left out"))
  }

  @Test("a workspace of an older layout is upgraded, with one line of output", .enabled(if: Python.isThere))
  func layout() throws {
    let tool = try Tool()
    defer { tool.remove() }
    _ = try OldFiles("data", into: tool)
    // Version 0.1.0 has layout 3; layout 2 lacked a column.
    try Python.run(
      """
      import sqlite3, sys
      catalog = sqlite3.connect(sys.argv[1], isolation_level=None)
      catalog.execute("ALTER TABLE item DROP COLUMN memo")
      catalog.execute("PRAGMA user_version = 2")
      """, tool.path(".pipeline/catalog.sqlite"))
    let status = try tool.run("status")
    #expect(status.status == 1 && status.problems.contains("run pipeline prepare once"), "\(status)")
    let outcome = try tool.run(all: Self.preparing)
    #expect(outcome.status == 0, "\(outcome.problems)")
    #expect(outcome.problems.contains("the workspace was brought from layout 2 to this version's"))
    #expect(outcome.problems.split(separator: "\n").filter { $0.contains("layout") }.count == 1)
    let again = try tool.run(all: Self.preparing)
    #expect(again.output.contains("up to date") && !again.problems.contains("layout"), "\(again)")
  }
}

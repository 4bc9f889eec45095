import Basics
import Foundation
import Testing

/// The cost of adding one clip to a large set. Decoding is faked; files, embeddings, graph, store, catalog and shards
/// are real.
@Suite("pipeline prepare, one clip added to ten thousand") struct OneClipMoreTests {
  private static let count = 10_000

  private func name(_ random: inout SeededRandom) -> String {
    let text = String(String(random.next(), radix: 36).prefix(11))
    return String(repeating: "0", count: 11 - text.count) + text + "_\(100_000 + random.next() % 100_000)"
  }

  /// A name with a hash so low that nearly anywhere in the list it begins a shard.
  private func boundary(_ random: inout SeededRandom) -> String {
    while true {
      let name = name(&random)
      if Digest(of: "shard\0\(name)").prefix64 < .max / 20_000 { return name }
    }
  }

  private func add(_ tool: Tool, _ name: String) throws {
    try Data(name.utf8).write(to: URL(fileURLWithPath: tool.path("fault-pretend/\(name).mp4")))
    try Files.linkOrCopy(tool.path("rows.npy"), to: tool.path("embeddings/\(name).npy"))
  }

  /// The set's tars by inode; a tar that is linked keeps its inode.
  private func tars(_ tool: Tool) throws -> [UInt64: String] {
    let names = try Files.names(in: tool.path("shards")).filter { $0.hasSuffix(".tar") }
    return Dictionary(
      uniqueKeysWithValues: try names.map { (try Files.identity(tool.path("shards/\($0)")).inode, $0) })
  }

  @Test("writes at most two tars, even if the new id is a boundary; the others are linked")
  func twoBodies() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Files.makeDirectory(tool.path("fault-pretend"))
    try Files.makeDirectory(tool.path("embeddings"))
    try Clips.embeddings(tool.path("rows.npy"), seed: 1)
    try Files.write(#"{"dim": 512, "fps": 1.0, "model": "none"}"#, to: tool.path("embeddings/embeddings.json"))
    var random = SeededRandom(seed: 11)
    for _ in 0..<Self.count { try add(tool, name(&random)) }
    let prepare = {
      try tool.run("prepare", "fault-pretend", environment: ["PIPELINE_TEST_FAULTS": "1"])
    }
    let first = try prepare()
    #expect(first.status == 0 && first.output.contains("\(Self.count) pairs"), "\(first.output) \(first.problems)")
    var before = try tars(tool)
    #expect(before.count > 5)
    var splits = 0
    for turn in 0..<6 {
      let new = turn % 2 == 0 ? boundary(&random) : name(&random)
      try add(tool, new)
      let outcome = try prepare()
      #expect(
        outcome.status == 0 && outcome.output.contains("1 clip decoded"), "\(outcome.output) \(outcome.problems)")
      let after = try tars(tool)
      let written = after.filter { before[$0.key] == nil }
      #expect((1...2).contains(written.count), "\(new): \(written)")
      #expect(outcome.output.contains("\(counted(written.count, "shard")) written"), "\(outcome.output)")
      for tar in written.values {
        let index = String(decoding: try Files.read(tool.path("shards/\(tar.dropLast(4)).idx")), as: UTF8.self)
        if index.split(separator: "\n")[1].contains(new) { splits += 1 }
      }
      before = after
    }
    #expect(splits > 0, "no id was a boundary")
    // Two files per shard and a few for the set; the number of files in the store grows with its bytes.
    #expect(try Files.names(in: tool.path("shards")).count <= 2 * before.count + 5)
    #expect(try Files.names(in: tool.path(".pipeline/store")).count <= 2)
    #expect(try tool.run("verify").status == 0)
  }
}

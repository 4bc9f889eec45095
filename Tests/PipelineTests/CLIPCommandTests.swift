import Basics
import Foundation
import Prepare
import StageGraph
import TestSupport
import Testing

@Suite(
  "pipeline with a CLIP model", .serialized,
  .enabled(if: Clips.ffmpegIsThere && Python.isThere, "ffmpeg makes the clips, a Python program is the remote cache"))
struct CLIPCommandTests {
  /// A directory with three clips without embeddings, and a CLIP model.
  private func begin() throws -> Tool {
    let tool = try Tool()
    try Clips.set(tool, count: 3)
    try Files.remove(tool.path("embeddings"))
    try TinyCLIP(image: 64, patch: 16).write(to: tool.path("model"))
    return tool
  }

  private func prepare(_ tool: Tool, _ name: String, _ more: String...) throws -> Tool.Outcome {
    try tool.run(
      all: ["prepare", "videos", "--clip", "model", "--workspace", "w-\(name)", "--shards", "s-\(name)"] + more)
  }

  @Test("prepare computes the embeddings once; threads, a remote cache and embedding files give the same shards")
  func teacher() throws {
    let tool = try begin()
    defer { tool.remove() }
    let server = try CacheDouble(tool.path("server"))
    let first = try prepare(tool, "first", "--embeddings-out", "vectors", "--remote-cache", server.url)
    #expect(first.status == 0, "\(first.output) \(first.problems)")
    let expected = try tool.digests("s-first")
    #expect(expected.keys.contains { $0.hasSuffix(".tar") })
    let again = try prepare(tool, "first", "--embeddings-out", "vectors")
    #expect(
      again.output.contains("up to date") && again.problems.contains("0 written now"),
      "\(again.output) \(again.problems)")

    let other = try prepare(tool, "second", "--remote-cache", server.url, "--jobs", "1")
    #expect(other.output.contains("0 clips decoded, 3 from the remote cache"), "\(other.output)")
    #expect(try tool.digests("s-second") == expected)

    let files = try tool.run(
      "prepare", "videos", "--embeddings", "vectors", "--workspace", "w-third", "--shards", "s-third")
    #expect(files.status == 0, "\(files.problems)")
    #expect(try tool.digests("s-third") == expected)

    let diagram = try PreparedWorkspace(Catalog.reader(tool.path("w-first"))).diagram(shards: tool.path("s-first"))
    #expect(diagram.mermaid.contains("embed-frames --> write-shards"), "\(diagram.mermaid)")
    #expect(!diagram.nodes.contains { ["embeddings", "select-vectors"].contains($0.name) }, "\(diagram.mermaid)")

    let fewer = try prepare(tool, "first", "--clip-frames", "2", "--explain", "--replace")
    #expect(fewer.output.contains("embed-frames") && fewer.output.contains("0 clips decoded"), "\(fewer.output)")
    #expect(try tool.digests("s-first") != expected)
  }

  @Test("embeddings are not written into a directory with other files, and a second teacher is refused")
  func refusals() throws {
    let tool = try begin()
    defer { tool.remove() }
    try Files.makeDirectory(tool.path("mine"))
    try Files.write("notes", to: tool.path("mine/notes.txt"))
    let refused = try prepare(tool, "a", "--embeddings-out", "mine")
    #expect(refused.status != 0 && refused.problems.contains("nothing was written there"), "\(refused.problems)")
    #expect(try Files.names(in: tool.path("mine")) == ["notes.txt"])
    #expect(try prepare(tool, "b", "--embeddings", "mine").status == 64)
    #expect(try prepare(tool, "c", "--frames", "none").status == 64)
    #expect(try tool.run("prepare", "videos", "--clip-frames", "2").status == 64)
    let lying = try prepare(tool, "d", "--activation", "gelu")
    #expect(lying.status == 64 && lying.problems.contains("another activation"), "\(lying.problems)")
  }

  @Test("words are embedded and searched, and what does not match is reported")
  func words() throws {
    let tool = try begin()
    defer { tool.remove() }
    try Files.write("one\train\ntwo\ta dog\nthree\tdog in rain\n", to: tool.path("texts"))
    let embedded = try tool.run(
      "embed", "--texts", "texts", "--clip", "model", "--out", "texts.npy", "--template", "a {}")
    #expect(
      embedded.status == 0 && embedded.output.contains("3 embeddings, 24 wide"),
      "\(embedded.output) \(embedded.problems)")
    let found = try tool.run(
      "search", "a dog", "--template", "a {}", "--in", "texts.npy", "--clip", "model", "-k", "2", "--html", "page.html",
      "--json")
    let hits = found.output.split(separator: "\n").compactMap {
      try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
    }.filter { $0["event"] as? String == "hit" }
    #expect(hits.first?["key"] as? String == "two" && hits.count == 2, "\(found.output) \(found.problems)")
    #expect((hits.first?["score"] as? Double).map { $0 > 0.9999 } ?? false)
    #expect(String(decoding: try Files.read(tool.path("page.html")), as: UTF8.self).contains("<h1>a dog</h1>"))

    try TinyCLIP(embedding: 32).write(to: tool.path("wide"))
    let wide = try tool.run("search", "rain", "--in", "texts.npy", "--clip", "wide")
    #expect(wide.status != 0 && wide.problems.contains("not of this model's space"), "\(wide.problems)")
    let shown = try tool.run("inspect", "model")
    #expect(shown.output.contains("search 'a dog barks' --in EMBEDDINGS --clip model\n"), "\(shown.output)")
    #expect(shown.output.contains("activation: quick-gelu") && shown.output.contains("merges.txt"), "\(shown.output)")
  }
}

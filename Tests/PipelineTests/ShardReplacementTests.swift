import Basics
import Foundation
import Testing

@Suite("Shards of other clips", .serialized, .enabled(if: Clips.ffmpegIsThere, "ffmpeg makes the clips"))
struct ShardReplacementTests {
  private func tool(_ count: Int = 3) throws -> Tool {
    let tool = try Tool()
    try Clips.set(tool, count: count)
    let first = try tool.run("prepare", "videos")
    #expect(first.status == 0, "\(first.problems)")
    return tool
  }

  @Test("another list of clips does not replace them without --replace, and nothing is decoded for it")
  func otherList() throws {
    let tool = try tool()
    defer { tool.remove() }
    let before = try tool.digests("shards")
    try Files.makeDirectory(tool.path("others"))
    try Clips.make(tool.path("others/other_000000.mp4"), pitch: 900)
    try Clips.embeddings(tool.path("embeddings/other_000000.npy"), seed: 3)
    try Files.write("\(Clips.name(0)).mp4,a\n", to: tool.path("one.csv"))
    for arguments in [["others", "--embeddings", "embeddings"], ["videos", "--manifest", "one.csv"]] {
      let refused = try tool.run(all: ["prepare", "--explain"] + arguments)
      #expect(refused.status == 5, "\(refused.output) \(refused.problems)")
      #expect(refused.problems.contains("--shards OTHER") && refused.problems.contains("--replace"))
      #expect(!refused.output.contains("extract-"))
      #expect(try tool.digests("shards") == before)
    }
    let beside = try tool.run("prepare", "others", "--embeddings", "embeddings", "--shards", "shards2")
    #expect(beside.status == 0 && beside.output.contains("1 pair "))
    #expect(try tool.digests("shards") == before)
    let replaced = try tool.run("prepare", "others", "--embeddings", "embeddings", "--replace")
    #expect(replaced.status == 0 && replaced.output.contains("1 pair "))
    #expect(try tool.digests("shards") != before)
  }

  @Test("more clips, other verdicts and a lost workspace need no permission")
  func harmless() throws {
    let tool = try tool()
    defer { tool.remove() }
    try Clips.add(tool, 3)
    #expect(try tool.run("prepare", "videos").output.contains("4 pairs"))
    try Files.remove(tool.path(".pipeline"))
    #expect(try tool.run("prepare", "videos").output.contains("4 pairs"))
    try Files.write([0, 0, 0], to: tool.path("embeddings/\(Clips.name(0)).npy"))
    let broken = try tool.run("prepare", "videos", "--max-bad-fraction", "1")
    #expect(broken.status == 0 && broken.output.contains("3 pairs"), "\(broken.problems)")
  }

  @Test("many missing files, as on an unmounted disk, stop it, even if the workspace is lost")
  func gone() throws {
    let tool = try tool()
    defer { tool.remove() }
    try Files.remove(tool.path("videos/\(Clips.name(1)).mp4"))
    let refused = try tool.run("prepare", "videos")
    #expect(refused.status == 5 && refused.problems.contains("1 of 3 clips"), "\(refused.problems)")
    #expect(refused.problems.contains("mounted"))
    try Files.remove(tool.path(".pipeline"))
    #expect(try tool.run("prepare", "videos").status == 5)
    #expect(try tool.run("prepare", "videos", "--dry-run").problems.contains("were not touched"))
  }

  @Test("other splits stop it, and --limit writes to a directory of its own")
  func splits() throws {
    let tool = try tool()
    defer { tool.remove() }
    let before = try tool.digests("shards")
    #expect(try tool.run("prepare", "videos", "--test", "0.95").status == 5)
    let limited = try tool.run("prepare", "videos", "--limit", "2")
    #expect(limited.status == 0 && limited.output.contains("shards-first-2: 2 pairs"), "\(limited.problems)")
    #expect(try tool.digests("shards") == before)
    let split = try tool.run("prepare", "videos", "--test", "0.95", "--validation", "0.01", "--replace")
    let line = "splits: 0 train, 0 validation, 3 test (by source video, about 1 % validation, 95 % test"
    #expect(split.output.contains(line))
    #expect(try tool.run("status").output.contains("splits: 0 train, 0 validation, 3 test"))
  }
}

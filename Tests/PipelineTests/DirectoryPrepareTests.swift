import Basics
import Foundation
import TestSupport
import Testing

@Suite(
  "pipeline prepare with a remote cache in a directory", .serialized,
  .enabled(if: Clips.ffmpegIsThere, "ffmpeg makes the clips"))
struct DirectoryPrepareTests {
  private func prepare(_ tool: Tool, _ name: String, _ more: String...) throws -> Tool.Outcome {
    try tool.run(
      all: [
        "prepare", "videos", "--workspace", "w-\(name)", "--shards", "s-\(name)", "--remote-cache",
        "file://\(tool.path("cache"))",
      ] + more)
  }

  /// All files of the cache, in `ac` and `cas`.
  private func files(_ tool: Tool) throws -> [String] {
    try ["ac", "cas"].flatMap { store in
      try Files.names(in: tool.path("cache/\(store)")).flatMap { directory in
        try Files.names(in: tool.path("cache/\(store)/\(directory)")).map {
          tool.path("cache/\(store)/\(directory)/\($0)")
        }
      }
    }
  }

  @Test("a second workspace decodes nothing; a damaged entry gives a warning, is computed again and repaired")
  func damage() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 3)
    try tool.run("prepare", "videos", "--workspace", "w-alone", "--shards", "s-alone")
    let expected = try tool.digests("s-alone")
    #expect(try prepare(tool, "first").output.contains("3 clips decoded"))
    let second = try prepare(tool, "second")
    #expect(second.output.contains("0 clips decoded, 3 from the remote cache"), "\(second.output)")
    for file in try files(tool) {
      var bytes = try Files.read(file)
      bytes[bytes.count / 2] ^= 4
      try Mutations.write(bytes, to: file)
    }
    let damaged = try prepare(tool, "damaged")
    #expect(damaged.status == 0 && damaged.output.contains("3 clips decoded"), "\(damaged.output)")
    let warnings = damaged.problems.split(separator: "\n").filter { $0.hasPrefix("warning: ") }
    #expect(warnings.count == 1 && warnings[0].contains("something else than was asked for"), "\(damaged.problems)")
    let mended = try prepare(tool, "mended")
    #expect(mended.output.contains("0 clips decoded") && !mended.problems.contains("warning"), "\(mended.problems)")
    for name in ["first", "second", "damaged", "mended"] {
      #expect(try tool.digests("s-\(name)") == expected, "\(name)")
    }
  }

  @Test("a size limit below the size of the results holds, and does not change the shards")
  func bound() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 4)
    let first = try prepare(tool, "first", "--cache-size", "200K")
    #expect(first.status == 0 && !first.problems.contains("warning"), "\(first.problems)")
    let size = try files(tool).reduce(0) { try $0 + Files.identity($1).size }
    #expect(size <= 200 << 10 && size > 50 << 10, "\(size)")
    let second = try prepare(tool, "second")
    #expect(second.output.contains("clips decoded, "), "\(second.output)")
    #expect(try tool.digests("s-first") == tool.digests("s-second"))
  }

  @Test("two workspaces that write to one cache and are killed leave complete results and the same shards")
  func killedSideBySide() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 4)
    try tool.run("prepare", "videos", "--workspace", "w-alone", "--shards", "s-alone")
    var random = SeededRandom(seed: Mutations.seed("killed workspaces"))
    let url = "file://\(tool.path("cache"))"
    for round in 0..<4 {
      let running = try (0..<2).map { k in
        try tool.start([
          "prepare", "videos", "--workspace", "w-\(round)-\(k)", "--shards", "s-\(round)-\(k)", "--remote-cache", url,
        ]).0
      }
      usleep(UInt32(random.next() % 900_000))
      for process in running { kill(process.processIdentifier, SIGKILL) }
      for process in running { process.waitUntilExit() }
    }
    for name in ["one", "two"] {
      let outcome = try prepare(tool, name)
      #expect(outcome.status == 0 && !outcome.problems.contains("warning"), "\(outcome.problems)")
      #expect(try tool.digests("s-\(name)") == tool.digests("s-alone"))
    }
    for file in try files(tool) where file.contains("/cas/") {
      #expect(try Digest.ofFile(file).hex == Files.name(file))
    }
  }
}

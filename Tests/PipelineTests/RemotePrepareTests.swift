import Basics
import Foundation
import TestSupport
import Testing

@Suite(
  "pipeline prepare with a remote cache", .serialized,
  .enabled(if: Clips.ffmpegIsThere && Python.isThere, "ffmpeg makes the clips, a Python program is the server"))
struct RemotePrepareTests {
  /// Makes four clips, one of them broken, with file times a minute ago.
  ///
  /// Digests of files that were just written are not cached, and then the remote cache would be asked again.
  private func clips(_ tool: Tool) throws {
    try Clips.set(tool, count: 3)
    try Files.write("not a video", to: tool.path("videos/text0000000_000001.mp4"))
    try Clips.embeddings(tool.path("embeddings/text0000000_000001.npy"), seed: 5)
    for directory in ["videos", "embeddings"] {
      for name in try Files.names(in: tool.path(directory)) {
        try FileManager.default.setAttributes(
          [.modificationDate: Date(timeIntervalSinceNow: -60)], ofItemAtPath: tool.path("\(directory)/\(name)"))
      }
    }
  }

  private func prepare(
    _ tool: Tool, _ name: String, _ url: String, _ more: String..., environment: [String: String] = [:]
  ) throws -> Tool.Outcome {
    try tool.run(
      all: [
        "prepare", "videos", "--workspace", "w-\(name)", "--shards", "s-\(name)", "--max-bad-fraction", "1",
        "--remote-cache", url,
      ] + more, environment: environment)
  }

  private func events(_ outcome: Tool.Outcome, _ name: String) -> [[String: Any]] {
    outcome.output.split(separator: "\n").compactMap {
      try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
    }.filter { $0["event"] as? String == name }
  }

  @Test("a second workspace decodes nothing, and its shards are the same bytes")
  func secondWorkspace() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try clips(tool)
    let server = try CacheDouble(tool.path("server"))
    try tool.run(
      "prepare", "videos", "--workspace", "w-alone", "--shards", "s-alone", "--max-bad-fraction", "1")
    #expect(try server.requests() == [])
    let expected = try tool.digests("s-alone")
    let first = try prepare(tool, "first", server.url)
    #expect(first.status == 0)
    #expect(first.output.contains("4 clips decoded, 1 shard written"), "\(first.output) \(first.problems)")
    #expect(try tool.digests("s-first") == expected)
    _ = try server.requests()

    let second = try prepare(tool, "second", server.url, "--explain")
    #expect(second.output.contains("0 clips decoded, 4 from the remote cache, 1 shard written"), "\(second.output)")
    #expect(second.output.contains("extract-audio \(Clips.name(0)): came from the remote cache"))
    #expect(try !server.requests().contains { $0.hasPrefix("PUT") })
    #expect(try tool.digests("s-second") == expected)
    let status = try tool.run("status", "--workspace", "w-second")
    #expect(status.output.contains("the last prepare: 4 actions ran, 8 from the remote cache"), "\(status.output)")
    #expect(try tool.run("verify", "--workspace", "w-second", "--shards", "s-second").status == 0)

    let again = try prepare(tool, "second", server.url)
    #expect(again.output.contains("up to date") && !again.output.contains("remote cache"))
    #expect(try server.requests() == [])

    let machine = try prepare(tool, "third", server.url, "--json")
    #expect(events(machine, "fetched").count == 8)
    #expect(events(machine, "prepared").first?["fetched"] as? Int == 4)
    #expect(events(machine, "prepared").first?["decoded"] as? Int == 0)
    let tally = events(machine, "remote-cache").first
    #expect(tally?["fetched"] as? Int == 8 && tally?["kept"] as? Int == 0 && tally?["failed"] as? Int == 0)
    // Work that --retry asks for is done.
    let retried = try prepare(tool, "third", server.url, "--retry", "media.unreadable")
    #expect(retried.output.contains("1 clip decoded"), "\(retried.output)")
  }

  @Test("a crash is not shared with other workspaces")
  func crashes() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 1)
    let server = try CacheDouble(tool.path("server"))
    let name = "fault-crash00_000007"
    try Clips.make(tool.path("videos/\(name).mp4"), pitch: 900)
    try Clips.embeddings(tool.path("embeddings/\(name).npy"), seed: 7)
    let first = try prepare(tool, "first", server.url, environment: ["PIPELINE_TEST_FAULTS": "1"])
    #expect(first.output.contains("decoder.crashed"), "\(first.output)")
    #expect(try server.names("ac").count == 2)
    let second = try prepare(tool, "second", server.url)
    #expect(second.output.contains("2 pairs") && second.output.contains("1 clip decoded, 1 from the remote cache"))
  }

  @Test(
    "a failing server costs one warning per kind of failure and limited time; the shards do not change",
    arguments: [
      (CacheDouble.Mode.slow, "is too slow"), (.truncating, "cuts its answers off"), (.flipping, "something else"),
      (.mixing, "something else"), (.refusing, "refuses"), (.failing, "fails"), (.large, ""), (.redirecting, "fails"),
    ])
  func trouble(mode: CacheDouble.Mode, words: String) throws {
    let tool = try Tool()
    defer { tool.remove() }
    try clips(tool)
    let server = try CacheDouble(tool.path("server"))
    _ = try prepare(tool, "first", server.url)
    let expected = try tool.digests("s-first")
    try server.set(mode)
    let begin = ContinuousClock.now
    let second = try prepare(tool, "second", server.url, "--json")
    #expect(ContinuousClock.now - begin < .seconds(60))
    #expect(second.status == 0, "\(second.problems)")
    #expect(try tool.digests("s-second") == expected)
    let warnings = events(second, "warning").compactMap { $0["text"] as? String }.filter { $0.contains("remote cache") }
    #expect(warnings.count == (words.isEmpty ? 0 : 1), "\(warnings)")
    #expect(warnings.allSatisfy { $0.contains(words) && $0.contains(server.url) }, "\(warnings)")
    #expect(try tool.run("verify", "--workspace", "w-second", "--shards", "s-second").status == 0)
  }

  @Test("an absent server costs one warning, and an invalid address is a usage error")
  func down() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try clips(tool)
    let outcome = try prepare(tool, "one", "http://127.0.0.1:9/cache")
    #expect(outcome.status == 0 && outcome.output.contains("3 pairs") && outcome.output.contains("4 clips decoded"))
    #expect(outcome.problems.components(separatedBy: "the remote cache cannot be reached").count == 2)
    let wrong = try prepare(tool, "two", "htp://user:secret@host/")
    #expect(wrong.status == 64 && wrong.problems.contains("htp://***@host/") && !wrong.problems.contains("secret"))
    let half = try prepare(tool, "two", "http://host/", environment: ["PIPELINE_REMOTE_CACHE_PASSWORD": "secret"])
    #expect(
      half.status == 64 && half.problems.contains("PIPELINE_REMOTE_CACHE_USER") && !half.problems.contains("secret"))
  }

  @Test("credentials reach the server and appear nowhere else")
  func credentials() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try clips(tool)
    let server = try CacheDouble(tool.path("server"), mode: .guarded)
    let own = server.url.replacing("://", with: "://user:secret@")
    let named = ["PIPELINE_REMOTE_CACHE_USER": "user", "PIPELINE_REMOTE_CACHE_PASSWORD": "secret"]
    let refused = try prepare(tool, "refused", server.url)
    #expect(refused.problems.contains("the remote cache refuses"))
    var said = ""
    for (name, url, environment) in [
      ("env", server.url, named), ("token", server.url, ["PIPELINE_REMOTE_CACHE_TOKEN": "secret"]), ("url", own, [:]),
    ] {
      let outcome = try prepare(tool, name, url, "--explain", environment: environment)
      #expect(outcome.status == 0 && !outcome.problems.contains("warning: the remote cache"), "\(outcome.problems)")
      said += outcome.output + outcome.problems
      let machine = try prepare(tool, name + "2", url, "--json", environment: environment)
      said += machine.output + machine.problems
    }
    try Files.write("prepare:\n  remote-cache: \(own)\n", to: tool.path("file.yaml"))
    let file = try tool.run(
      "prepare", "videos", "--pipeline", "file.yaml", "--workspace", "w-file", "--shards", "s-file",
      "--max-bad-fraction", "1")
    #expect(file.output.contains("0 clips decoded, 4 from the remote cache"), "\(file.output) \(file.problems)")
    said += file.output + file.problems
    try server.set(.failing)
    let failing = try prepare(tool, "failing", own, environment: named)
    said += failing.output + failing.problems
    #expect(said.contains("://***@127.0.0.1") && !said.contains("secret"), "\(said)")
    for directory in try Files.names(in: tool.directory) where directory.hasPrefix("w-") || directory.hasPrefix("s-") {
      try Clips.shell(["sh", "-c", "! grep -raq secret '\(tool.path(directory))'"])
    }
  }
}

import Basics
import Foundation
import Testing

/// The environment of CI jobs has keys and tokens. None of them may appear in a run's output files.
@Suite("secrets of the environment", .enabled(if: SigningKeys.canBeMade, "openssl makes the key, ffmpeg the clips"))
struct SecretsTests {
  private static let planted = [
    "AWS_SECRET_ACCESS_KEY": "planted-token-aws", "HF_TOKEN": "planted-token-hf",
    "GITHUB_TOKEN": "planted-token-github", "DATABASE_URL": "https://user:planted-token-database@host/",
  ]

  @Test("planted tokens appear in no shard, log, run, weights, signature, report or page of any command")
  func planted() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.shell(
      ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", tool.path("a.pem")])
    try Clips.set(tool, count: 3)
    try Files.write("no clip", to: tool.path("videos/broken1_000001.mp4"))
    var said = ""
    for words in [
      ["prepare", "videos", "--max-bad-fraction", "1", "--explain"],
      ["distill", "--batch-size", "2", "--steps", "1", "--explain"],
      ["export", "weights.safetensors", "--attest", "--key", "a.pem"], ["report"], ["doctor"], ["status", "--json"],
    ] {
      let run = try tool.run(all: words, environment: Self.planted)
      #expect(run.status == 0, "\(words): \(run.problems)")
      said += run.output + run.problems
    }
    #expect(!said.contains("planted-token"))
    var files = 0
    let walk = FileManager.default.enumerator(atPath: tool.directory)
    while let name = walk?.nextObject() as? String {
      guard !Files.isDirectory(tool.path(name)) else { continue }
      files += 1
      #expect(try Data(Files.read(tool.path(name))).range(of: Data("planted-token".utf8)) == nil, "\(name)")
    }
    // Shards, workspace, run, weights, signature and report are among them.
    #expect(files > 15)
  }
}

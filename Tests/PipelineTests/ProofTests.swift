import Basics
import Foundation
import TestSupport
import Testing

@testable import pipeline

enum SigningKeys {
  static let canBeMade: Bool = {
    let there = Files.exists("/usr/bin/openssl")
    if !there { print("SKIPPED: openssl is not installed; it makes the keys for these tests") }
    return there && Clips.ffmpegIsThere
  }()
}

/// Weights that are signed, verified and retrained, by the program as a user runs it.
@Suite("proof of weights", .enabled(if: SigningKeys.canBeMade, "openssl makes the keys, ffmpeg the clips"))
struct ProofTests {
  private func key(_ tool: Tool, _ name: String) throws {
    try Clips.shell(
      ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", tool.path("\(name).pem")])
    try Clips.shell(
      ["sh", "-c", "openssl ec -in '\(tool.path(name)).pem' -pubout -out '\(tool.path(name)).pub' 2>/dev/null"])
  }

  /// A run of three steps on a few clips, exported and signed.
  private func signed(_ tool: Tool) throws {
    for name in ["a", "b"] { try key(tool, name) }
    try Clips.set(tool, count: 4)
    for words in [
      ["prepare", "videos", "--quiet"],
      ["distill", "--batch-size", "2", "--steps", "3", "--isa", "avx2", "--threads", "1", "--quiet"],
      ["export", "weights.bin", "--attest", "--key", "a.pem"],
    ] {
      let run = try tool.run(all: words)
      try #require(run.status == 0, "\(words): \(run.problems)")
    }
  }

  @Test("signed weights verify; other bytes, another key or no key are refused")
  func verify() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try signed(tool)
    let whole = try tool.run("verify", "weights.bin", "--key", "a.pub")
    #expect(whole.status == 0 && whole.output.contains("as signed by the owner of a.pub"), "\(whole.problems)")
    #expect(try tool.run("verify", "weights.bin", "--key", "b.pub").problems.contains("signed by another key"))
    #expect(try tool.run("verify", "weights.bin").problems.contains("--key PUBLIC.pem"))
    var bytes = try Files.read(tool.path("weights.bin"))
    bytes[bytes.count / 2] ^= 1
    try Files.write(bytes, to: tool.path("weights.bin"))
    #expect(try tool.run("verify", "weights.bin", "--key", "a.pub").problems.contains("not the file that was signed"))
  }

  @Test(
    "trained again with other vector instructions and threads: the same bytes, countersigned; with another clip: which input"
  )
  func retrain() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try signed(tool)
    let again = try tool.run(
      "verify", "weights.bin", "--key", "a.pub", "--retrain", "--countersign", "b.pem", "--isa", "portable",
      "--threads", "2", "--quiet")
    #expect(again.status == 0 && again.output.contains("the same bytes"), "\(again.output) \(again.problems)")
    #expect(
      try tool.run("verify", "weights.bin", "--key", "b.pub", "--signature", "weights.bin.retrained.sig").status == 0)
    #expect(try Files.names(in: tool.directory).allSatisfy { !$0.contains("retrained") || $0.hasSuffix(".sig") })

    // A finished run that came with the weights does not count as retraining.
    try Files.makeDirectory(tool.path(".weights.bin.retrained"))
    try Clips.shell(["cp", "-r", tool.path("runs"), tool.path(".weights.bin.retrained/runs")])
    let planted = try tool.run("verify", "weights.bin", "--key", "a.pub", "--retrain", "--json")
    #expect(planted.status == 0 && planted.output.contains(#""event":"step""#), "\(planted.output)")

    try Clips.make(tool.path("videos/\(Clips.name(1)).mp4"), pitch: 2000)
    #expect(try tool.run("prepare", "videos", "--quiet").status == 0)
    let other = try tool.run("verify", "weights.bin", "--key", "a.pub", "--retrain", "--quiet")
    #expect(other.status != 0)
    #expect(other.problems.contains("an input is not the one that the weights were made of"), "\(other.problems)")
    #expect(other.problems.contains("train-000000.tar has other bytes"), "\(other.problems)")
  }

  @Test("nothing is written if the key cannot sign or the shards differ")
  func refused() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try signed(tool)
    try Files.write("no key", to: tool.path("none.pem"))
    #expect(try tool.run("export", "w.bin", "--attest", "--key", "none.pem").problems.contains("not a private key"))
    #expect(try tool.run("export", "w.bin", "--attest").status != 0)
    #expect(
      try tool.run("export", "w.bin", "--attest", "--key", "a.pem", "--shards", "videos").status != 0)
    #expect(!Files.exists(tool.path("w.bin")))
  }
}

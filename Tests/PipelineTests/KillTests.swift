import Basics
import Foundation
import Testing

extension Tag { @Tag static var slow: Self }

/// Runs `Scripts/bench/kill-prepare` on a few small clips; PIPELINE_SLOW_TESTS=1 tries every write and a hundred kills.
@Suite(
  "prepare that is killed, stopped, or cannot write", .tags(.slow), .serialized,
  .enabled(if: Clips.ffmpegIsThere && Clips.canRunScripts, "ffmpeg makes the clips; cc and python3 run the script"))
struct KillTests {
  static let isThorough = ProcessInfo.processInfo.environment["PIPELINE_SLOW_TESTS"] == "1"

  @Test(
    "leaves the old state or the new one, and resumes from there",
    arguments: [
      ("kill", ["--kills", "8"], ["--kills", "100"]), ("stop", ["--kills", "4"], ["--kills", "30"]),
      ("full", ["--stride", "19"], ["--stride", "1"]), ("filling", ["--stride", "23"], ["--stride", "1"]),
      ("error", ["--first", "7", "--stride", "19"], ["--stride", "1"]),
    ])
  func interrupted(mode: String, few: [String], many: [String]) throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: mode == "kill" || mode == "stop" ? 8 : 3)
    try Files.write("not a video", to: tool.path("videos/text0000000_000001.mp4"))
    try Clips.shell(
      [
        "\(StagesTests.repository)/Scripts/bench/kill-prepare", mode, "--pipeline", Tool.program, "--videos",
        tool.path("videos"), "--embeddings", tool.path("embeddings"), "--folder", tool.path("work"),
      ] + (Self.isThorough ? many : few))
  }
}

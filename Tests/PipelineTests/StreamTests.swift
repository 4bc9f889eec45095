import Basics
import Foundation
import Testing

@Suite(
  "Streams, limits and signals as a user's shell sets them", .enabled(if: Clips.ffmpegIsThere, "ffmpeg makes the clips")
)
struct StreamTests {
  private func shell(_ tool: Tool, _ line: String) throws -> (status: Int32, problems: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", "cd \(tool.directory); \(line)"]
    let problems = Pipe()
    process.standardError = problems
    process.standardOutput = FileHandle.nullDevice
    process.environment = ProcessInfo.processInfo.environment.merging(["P": Tool.program]) { $1 }
    try process.run()
    let text = problems.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: text, as: UTF8.self))
  }

  @Test("a stream that is closed at the start is not reused for a file")
  func closed() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 1)
    let all = try shell(tool, "$P prepare videos <&- >&- 2>&-")
    #expect(all.status == 1)
    let again = try tool.run("prepare", "videos")
    #expect(again.status == 0 && again.output.contains("up to date"), "\(again.problems)")
    #expect(try tool.run("verify").status == 0)
    let result = try shell(tool, "$P status >&-")
    #expect(result.status == 1 && result.problems.contains("standard output"))
    #expect(try shell(tool, "$P status 2>&-").status == 0)
  }

  @Test("a full standard output is an error; a reader that closes the pipe early is not")
  func full() throws {
    let tool = try Tool()
    defer { tool.remove() }
    let outcome = try shell(tool, "$P doctor --workspace w > /dev/full")
    #expect(outcome.status == 1 && outcome.problems.contains("No space left on device"))
    #expect(try shell(tool, "$P doctor | head -1").status == 0)
  }

  @Test("a file size limit gives a write error, and the next run resumes")
  func fileSize() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 2)
    let limited = try shell(tool, "ulimit -f 64; $P prepare videos")
    #expect(limited.status == 1 && limited.problems.contains("error: "), "\(limited)")
    let again = try tool.run("prepare", "videos")
    #expect(again.status == 0 && again.output.contains("2 pairs"), "\(again.problems)")
  }

  @Test("one SIGTERM ends a run whose decoder hangs")
  func hanging() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 1)
    try Clips.make(tool.path("videos/fault-hang.mp4"), pitch: 400)
    let (process, output, problems) = try tool.start(
      ["prepare", "videos", "--timeout", "500"], environment: ["PIPELINE_TEST_FAULTS": "1"])
    // The other clip is done by then.
    while !Files.exists(tool.path(".pipeline/catalog.sqlite")) { usleep(20_000) }
    usleep(1_500_000)
    kill(process.processIdentifier, SIGTERM)
    process.waitUntilExit()
    _ = (output, problems)
    #expect(process.terminationStatus == 130)
    #expect(try tool.run("prepare", "videos", "--limit", "1").status == 0)
  }
}

import Basics
import Foundation
import TestSupport
import Testing

@Suite("In CI jobs", .serialized, .enabled(if: Clips.ffmpegIsThere, "ffmpeg makes the clips"))
struct JobTests {
  private static let scripts = Files.parent(Files.parent(Files.parent(#filePath))) + "/Scripts/ci"

  /// The commands that the example's steps run, in order.
  private func commands(_ file: String, marks: [String]) throws -> [String] {
    String(decoding: try Files.read("\(Self.scripts)/\(file)"), as: UTF8.self).split(separator: "\n").compactMap {
      line in
      let text = line.trimmingCharacters(in: .whitespaces)
      return marks.compactMap { text.hasPrefix($0) ? String(text.dropFirst($0.count)) : nil }.first
    }
  }

  @Test(
    "the commands of the examples run unchanged, with one broken clip",
    arguments: [
      (".github/workflows/pipeline.yml", ["run: ", "- run: "]), (".gitlab-ci.yml", ["- pipeline "]),
    ])
  func examples(file: String, marks: [String]) throws {
    let tool = try Tool()
    defer { tool.remove() }
    let commands = try commands(file, marks: marks).map { marks == ["- pipeline "] ? "pipeline \($0)" : $0 }
    #expect(commands.filter { $0.hasPrefix("pipeline ") }.count == 6, "\(commands)")
    try Clips.set(tool, count: 8)
    try Files.write("broken", to: tool.path("videos/broken_000000.mp4"))
    try Files.makeDirectory(tool.path("Pipelines"))
    try Files.write(
      "prepare:\n  frames: none\n  test: 0.5\ndistill:\n  batch-size: 2\n  steps: 1\n",
      to: tool.path("Pipelines/wav2clip.yaml"))
    let path = Files.parent(Tool.program) + ":/usr/bin:/bin"
    for command in commands {
      // GitLab's `allow_failure` turns exit status 3 into a warning.
      let allowed = marks == ["- pipeline "] ? " || [ $? -eq 3 ]" : ""
      try Clips.shell([
        "env", "PATH=\(path)", "GITHUB_STEP_SUMMARY=\(tool.path("summary.md"))", "bash", "-ec",
        "cd '\(tool.directory)' && (\(command))\(allowed)",
      ])
    }
    for name in [
      "prepare.jsonl", "distill.jsonl", "evaluate.jsonl", "shards/quarantine.jsonl", "report.html", "weights.bin",
      "weights.onnx",
    ] {
      #expect(((try? Files.identity(tool.path(name)).size) ?? 0) > 0, "\(name)")
    }
  }

  @Test("GitHub gets one annotation per reason and a summary; the JSON events do not change")
  func annotations() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try RandomStudent.write(to: tool.path("w.bin"))
    try Files.makeDirectory(tool.path("s"))
    try Clips.tone(tool.path("s/good.wav"), pitch: 300, seconds: 1)
    try Clips.tone(tool.path("s/short.wav"), pitch: 300, seconds: 0.01)
    for index in 0..<30 { try Files.write("x", to: tool.path("s/bad %|<b>\(index).wav")) }
    let arguments = ["embed", "s", "--weights", "w.bin", "--out", "v.npz", "--json"]
    let plain = try tool.run(arguments)
    #expect(!plain.problems.contains("::"))
    let (process, output, problems) = try tool.start(
      arguments, environment: ["GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": tool.path("summary.md")])
    let events = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let said = String(decoding: problems.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 3)
    let lines = said.split(separator: "\n").filter { $0.hasPrefix("::") }
    #expect(lines.count == 3, "\(said)")
    #expect(lines[0].hasPrefix("::warning title=pipeline embed%3A sounds.left-out::more audio was left out"))
    #expect(lines[1].hasPrefix("::warning title=30 left out%3A media.unreadable::bad %25|<b>0.wav: "), "\(lines[1])")
    #expect(lines[2].hasPrefix("::warning title=1 left out%3A sound.short::short.wav: "))
    let summary = String(decoding: try Files.read(tool.path("summary.md")), as: UTF8.self)
    #expect(summary.contains("| left out | `media.unreadable` | 30 | bad %\\|&lt;b>0.wav: "), "\(summary)")
    #expect(summary.contains("v.npz: 1 clip, 512 wide"))
    for line in events.split(separator: "\n") {
      #expect((try? JSONSerialization.jsonObject(with: Data(line.utf8))) != nil, "\(line)")
    }
    // A second step appends to the same summary.
    let failing = try tool.run(
      "export", "w.onnx", environment: ["GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": tool.path("summary.md")])
    #expect(failing.problems.contains("::error title=pipeline export%3A run.none::"))
    let both = String(decoding: try Files.read(tool.path("summary.md")), as: UTF8.self)
    #expect(both.hasPrefix(summary) && both.contains("### pipeline export"))
  }
}

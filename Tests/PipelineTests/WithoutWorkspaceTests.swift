import Basics
import TestSupport
import Testing

@Suite("A workspace can be deleted", .serialized, .enabled(if: Clips.ffmpegIsThere, "ffmpeg makes the clips"))
struct WithoutWorkspaceTests {
  @Test("without it every command finds the runs in their directories, the last trained first")
  func gone() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 4)
    try Files.write(
      (0..<4).map { "clip\($0)abcdef,\($0),label \($0 % 2),\($0 == 3 ? "test" : "train")\n" }.joined(),
      to: tool.path("labels.csv"))
    #expect(try tool.run("prepare", "videos", "--manifest", "labels.csv", "--frames", "none").status == 0)
    var names: [String] = []
    for rate in ["1e-3", "1e-4", "1e-5"] {
      #expect(try tool.run("distill", "--batch-size", "2", "--steps", "1", "--learning-rate", rate).status == 0)
      names.append(try #require(Files.names(in: tool.path("runs")).first { !names.contains($0) }))
    }
    // Trained again, the first run is now the last trained.
    #expect(try tool.run("distill", "--batch-size", "2", "--steps", "2", "--learning-rate", "1e-3").status == 0)
    try Files.remove(tool.path(".pipeline"))
    try Files.remove(tool.path("runs/\(names[1])"))

    let status = try tool.run("status", "--runs")
    #expect(status.status == 0, "\(status.problems)")
    let lines = status.output.split(separator: "\n").dropFirst().map { String($0.prefix { $0 != " " }) }
    #expect(lines == [names[0], names[2]], "\(status.output)")
    let all = try tool.run("status")
    #expect(all.status == 0 && all.problems.contains("no workspace") && all.output.contains(names[2]))
    #expect(all.output.contains("\n2 runs: "), "\(all.output)")
    #expect(try tool.run("status", "--quarantine").status == 1)
    #expect(try tool.run("export", "w.bin").output.contains("run \(names[0]), step 2"))
    #expect(try tool.run("export", "w.bin", "--run", names[1]).status == 1)
    #expect(try tool.run("export", "w.bin", "--run", String(names[2].prefix(6))).output.contains("run \(names[2])"))
    let scored = try tool.run("evaluate", "retrieve")
    #expect(scored.status == 0 && Files.exists(tool.path("runs/\(names[0])/evaluation.json")), "\(scored.problems)")
    #expect(try tool.run("compare", names[0], names[2]).output.contains("learningRate"))
    #expect(try tool.run("report").status == 0)
    let page = String(decoding: try Files.read(tool.path("report.html")), as: UTF8.self)
    #expect(page.contains("Run \(names[0])") && page.contains("2 runs"))
    #expect(try tool.run("graph").output.contains("2 runs"))
    #expect(!Files.exists(tool.path(".pipeline")))
  }
}

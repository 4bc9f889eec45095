import Basics
import Foundation
import Testing

@Suite("A pipeline file is checked as a whole before anything runs")
struct PipelineFileTests {
  /// A directory with a file named like a clip, so that a `prepare` that ran would leave a workspace.
  private func tool() throws -> Tool {
    let tool = try Tool()
    try Files.makeDirectory(tool.path("videos"))
    try Files.write("no media", to: tool.path("videos/a.mp4"))
    return tool
  }

  @Test("a mistake in a later section is reported with its line, and nothing runs")
  func lines() throws {
    let tool = try tool()
    defer { tool.remove() }
    let stage = "  - name: s\n    after: prepare\n    run: 'true'\n    outputs: [o]\n"
    for (text, line, what) in [
      ("distill:\n  batch-size: eight\n", "line 4, batch-size", "found eight"),
      ("distill:\n  epochs: 3\n  loss: foo\n", "line 5, loss", "no such loss"),
      ("distill:\n  schedule: cosin\n", "line 4, schedule", "expected plateau, cosine, constant"),
      ("distill:\n  encoder: resnet17\n", "line 4, encoder", "resnet18"),
      ("distill:\n  name: a/b\n", "line 4, name", "cannot be called that"),
      ("distill:\n  precisionn: mixed\n", "line 4, precisionn", "did you mean precision?"),
      ("export:\n  checkpoint: newest\n", "line 4, checkpoint", "found newest"),
      ("export:\n  file: weights.bim\n", "line 4, file", "did you mean .bin?"),
      ("stages:\n\(stage)    inputs: [Scripts/absent]\n", "line 4", "no step before it makes it"),
    ] {
      try Files.write("prepare:\n  videos: videos\n\(text)", to: tool.path("p.yaml"))
      for command in ["run", "plan"] {
        let said = try tool.run(command, "p.yaml")
        #expect(
          said.status == 64 && said.problems.contains(line) && said.problems.contains(what),
          "\(command) \(text): \(said)")
      }
      #expect(!Files.exists(tool.path(".pipeline")), "\(text)")
    }
  }

  @Test("prepare's section: wrong reasons, rates and shares, missing clips and tables are reported")
  func prepare() throws {
    let tool = try tool()
    defer { tool.remove() }
    for (text, line, what) in [
      ("  keep: [audio.silent, audio.slient]\n", "line 3, keep", "did you mean audio.silent?"),
      ("  frames: often\n", "line 3, frames", "often"),
      ("  validation: 0.6\n  test: 0.6\n", "line 1, prepare", "less than 1 together"),
      ("  manifest: absent.csv\n", "line 3, manifest", "absent.csv"),
      ("  clip: absent-model\n", "line 3, clip", "absent-model"),
    ] {
      try Files.write("prepare:\n  videos: videos\n\(text)", to: tool.path("p.yaml"))
      let said = try tool.run("run", "p.yaml")
      #expect(said.status == 64 && said.problems.contains(line) && said.problems.contains(what), "\(text): \(said)")
      #expect(!Files.exists(tool.path(".pipeline")), "\(text)")
    }
    try Files.write("prepare:\n  videos: [videos, elsewhere]\n", to: tool.path("p.yaml"))
    #expect(try tool.run("run", "p.yaml").problems.contains("line 2, videos"))
    // A directory that a stage before prepare creates need not exist yet.
    let stage = "  - name: get\n    before: prepare\n    run: mkdir elsewhere\n    outputs: [elsewhere]\n"
    try Files.write("prepare:\n  videos: [videos, elsewhere]\nstages:\n\(stage)", to: tool.path("p.yaml"))
    #expect(try tool.run("run", "p.yaml", "--until", "get").output.contains("stage get: ran"))
  }

  @Test("plan and run distinguish a pipeline file from a directory of clips")
  func words() throws {
    let tool = try tool()
    defer { tool.remove() }
    try Files.write("prepare:\n  videos: videos\ndistill:\n  epochs: 1\n", to: tool.path("p.yaml"))
    let plan = try tool.run("plan", "p.yaml")
    #expect(plan.status == 0 && !plan.output.contains("p.yaml"), "\(plan)")
    #expect(try tool.run("run", "p.yaml", "--dry-run").output == plan.output)
    let directory = try tool.run("plan", "videos")
    #expect(directory.output == plan.output, "\(directory)")
    #expect(try tool.run("plan", "p.yaml", "q.yaml").problems.contains("one pipeline file is wanted"))
    let none = try tool.run("run")
    #expect(none.status == 64 && none.problems.contains("pipeline run VIDEOS"), "\(none)")
  }

  @Test("a mistake in the default pipeline file does not stop a command that does not read it")
  func unread() throws {
    let tool = try tool()
    defer { tool.remove() }
    try Files.makeDirectory(tool.path("Pipelines"))
    try Files.write("distill:\n  loss: foo\n", to: tool.path("Pipelines/wav2clip.yaml"))
    #expect(try tool.run("inspect", "absent.npy").problems.contains("absent.npy"))
    #expect(try tool.run("prepare", "videos", "--dry-run").problems.contains("line 2, loss"))
    try Files.write("distill:\n  loss: cx\n", to: tool.path("Pipelines/wav2clip.yaml"))
    #expect(try tool.run("prepare", "videos", "--dry-run").problems.contains("settings: Pipelines/wav2clip.yaml"))
  }
}

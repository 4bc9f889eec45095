import Basics
import Foundation
import Runs
import TestSupport
import Testing

@Suite("The runs of a directory")
struct RunListTests {
  @Test("the run trained last comes first, whatever the names and file times")
  func order() throws {
    let scratch = try Scratch()
    for name in ["aaaa1", "bbbb1", "cccc1"] { try TinyData.run(name, in: scratch["runs"]) }
    for (name, time) in [("aaaa1", 200.5), ("bbbb1", 300), ("cccc1", 100)] {
      try Files.write("\(time)\n", to: scratch["runs/\(name)/last-trained"])
    }
    #expect(RunList(scratch["runs"]).runs.map(\.name) == ["bbbb1", "aaaa1", "cccc1"])
    try TrainedTime.write(scratch["runs/cccc1"])
    #expect(try RunList(scratch["runs"]).chosen(nil).name == "cccc1")
  }

  @Test("without a recorded time, a run has the time of its log, or else of its file")
  func older() throws {
    let scratch = try Scratch()
    for name in ["aaaa1", "bbbb1", "cccc1"] { try TinyData.run(name, in: scratch["runs"]) }
    let log = { (time: Int) in
      "{\"epoch\":0,\"kind\":\"step\",\"learningRate\":1,\"loss\":1,\"step\":1,\"time\":\(time)}\n"
    }
    try Files.write(log(2000), to: scratch["runs/aaaa1/metrics.jsonl"])
    try Files.write(log(3000) + "{\"torn", to: scratch["runs/bbbb1/metrics.jsonl"])
    try Files.write("no number", to: scratch["runs/bbbb1/last-trained"])
    let runs = RunList(scratch["runs"]).runs
    #expect(runs.map(\.name) == ["cccc1", "bbbb1", "aaaa1"])
    #expect(runs.map(\.trained).suffix(2) == [3000, 2000])
  }

  @Test("a missing directory is not a run; a damaged run.json is reported and does not affect other runs")
  func gone() throws {
    let scratch = try Scratch()
    for name in ["aaaa1", "bbbb1"] { try TinyData.run(name, in: scratch["runs"]) }
    try Files.remove(scratch["runs/bbbb1"])
    try Files.makeDirectory(scratch["runs/cccc1"])
    try Files.write("{\"name\":", to: scratch["runs/cccc1/run.json"])
    try Files.makeDirectory(scratch["runs/notes"])
    let list = RunList(scratch["runs"])
    #expect(list.runs.map(\.name) == ["aaaa1"] && list.unreadable.map(\.name) == ["cccc1"])
    #expect(TinyData.code { _ = try list.named("bbbb1") } == "run.unknown")
    #expect(TinyData.code { _ = try list.named("cccc1") } == list.unreadable.first?.failure.code)
    #expect(TinyData.code { _ = try RunList(scratch["none"]).chosen(nil) } == "run.none")
  }

  @Test("a prefix of a name is enough if it is unique")
  func beginning() throws {
    let scratch = try Scratch()
    for name in ["abcd1", "abcd2", "bbbb1", "abcd"] { try TinyData.run(name, in: scratch["runs"]) }
    let list = RunList(scratch["runs"])
    #expect(try list.named("bbbb").name == "bbbb1" && list.named("abcd").name == "abcd")
    let short = #expect(throws: Failure.self) { _ = try list.named("bb") }
    #expect(short?.code == "run.unknown" && short?.hint == "an identity is shortened to 4 characters or more")
    try Files.remove(scratch["runs/abcd"])
    #expect(TinyData.code { _ = try RunList(scratch["runs"]).named("abcd") } == "run.ambiguous")
  }

  @Test("a model comes from the file or the run that is named, else from the newest run, else from weights.bin")
  func source() throws {
    let scratch = try Scratch()
    func source(
      _ weights: String? = nil, run: String? = nil, checkpoint: TrainedModel.Choice? = nil
    ) throws -> ModelSource {
      try ModelSource(
        weights: weights, run: run, checkpoint: checkpoint, runs: scratch["runs"], usualFile: scratch["weights.bin"])
    }
    #expect(try source("w.onnx") == .file("w.onnx"))
    #expect(try source(run: "a") == .run("a"))
    #expect(TinyData.code { _ = try source("w", run: "a") } == "usage.weights")
    #expect(TinyData.code { _ = try source("w", checkpoint: .last) } == "usage.weights")
    #expect(TinyData.code { _ = try source() } == "run.none")
    try Files.write("weights", to: scratch["weights.bin"])
    #expect(try source() == .file(scratch["weights.bin"]))
    // A file has no checkpoints.
    #expect(try source(checkpoint: .step(5)) == .run(nil))
    try TinyData.run("aaaa1", in: scratch["runs"])
    #expect(try source() == .run(nil))
  }
}

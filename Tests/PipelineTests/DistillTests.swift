import Basics
import Training
import Foundation
import Runs
import Tensors
import Testing

@testable import Report
@testable import pipeline

@Suite("Options of distill")
struct DistillOptionsTests {
  private func configuration(_ words: [String]) throws -> TrainingConfiguration {
    try DistillOptions.parse(words).settings(workspace: "w").configuration
  }

  @Test("the command line that a report shows for a run parses to the run's configuration")
  func reproduced() throws {
    #expect(try configuration(RunDirectory.words(TrainingConfiguration())) == TrainingConfiguration())
    var other = TrainingConfiguration()
    (other.loss, other.normalization, other.batchSize, other.learningRate) = ("clip", .batch, 24, 0.1 + 0.2)
    (other.schedule, other.scheduleEpochs, other.seed, other.patience) = ("cosine", 7, .max, nil)
    (other.precision, other.shuffleTeacher) = ("mixed", true)
    other.augmentation.cropSeconds = 4.5
    (other.augmentation.gainDecibels, other.augmentation.spectrogramMasks, other.augmentation.mixup) = (6.25, 2, 0.3)
    (other.optimizer.weightDecay, other.optimizer.warmUpSteps, other.optimizer.gradientLimit) = (1e-5, 100, 1)
    (other.optimizer.averageDecay, other.optimizer.temperatureLimit) = (0.999, 100)
    #expect(try configuration(RunDirectory.words(other)) == other)
  }

  @Test("a patience below one is refused, because nothing would be trained")
  func patience() throws {
    for patience in ["0", "some"] {
      #expect(throws: (any Error).self) { try configuration(["--patience", patience]) }
    }
    #expect(throws: (any Error).self) { try configuration(["--patience=-1"]) }
    #expect(try configuration(["--patience", "1"]).patience == 1)
    #expect(try configuration(["--patience", "none"]).patience == nil)
  }
}

@Suite("pipeline distill and export", .serialized, .enabled(if: Clips.ffmpegIsThere, "ffmpeg makes the clips"))
struct DistillTests {
  static let training = [
    "distill", "--batch-size", "4", "--steps", "5", "--checkpoint-every", "1", "--learning-rate", "1e-3",
  ]

  @Test("gives the same weights on one thread, on two, and after a kill")
  func sameBits() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 9)
    let prepared = try tool.run("prepare", "videos", "--frames", "none")
    #expect(prepared.status == 0 && prepared.problems.contains("next: pipeline distill --batch-size 9\n"))
    var weights: [String] = []
    for threads in ["1", "2"] {
      let outcome = try tool.run("distill", "--batch-size", "4", "--steps", "5", "--threads", threads, "--fresh")
      #expect(outcome.status == 0 && outcome.problems.hasSuffix("next: pipeline export weights.bin\n"), "\(outcome)")
      let exported = try tool.run("export", "weights-\(threads).bin")
      #expect(exported.problems.contains("next: pipeline evaluate retrieve --weights weights-\(threads).bin\n"))
      weights.append(try Digest.ofFile(tool.path("weights-\(threads).bin")).hex)
    }
    let (process, output, _) = try tool.start(
      ["distill", "--batch-size", "4", "--steps", "5", "--checkpoint-every", "1", "--fresh", "--json"])
    // The process is killed once the second step is saved.
    var seen = ""
    while process.isRunning, seen.components(separatedBy: "\"event\":\"saved\"").count < 3 {
      let data = output.fileHandleForReading.availableData
      if data.isEmpty { break }
      seen += String(decoding: data, as: UTF8.self)
    }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    let resumed = try tool.run("distill", "--batch-size", "4", "--steps", "5")
    #expect(resumed.output.contains("resumed at step"), "\(resumed.output)")
    #expect(!resumed.output.contains("resumed at step 0") && !resumed.output.contains("resumed at step 5"))
    #expect(try tool.run("export", "weights-3.bin").status == 0)
    weights.append(try Digest.ofFile(tool.path("weights-3.bin")).hex)
    #expect(Set(weights).count == 1)

    let again = try tool.run("export", "weights-3.bin")
    #expect(again.output.contains("up to date"))
    #expect(try tool.run("export", "weights.safetensors").status == 0)
    let inspected = try tool.run("inspect", "weights.safetensors", "--all")
    for text in [
      "audio_encoder.layer4.1.conv2.weight", "n_fft: 512", "hop_length: 353", "normalization: clip", "teacher: test",
    ] {
      #expect(inspected.output.contains(text), "\(text)")
    }
    try checkWithTorch(tool.path("weights-3.bin"))
    try damageNewestCheckpoint(tool)
  }

  /// Checks with PyTorch that the file loads with weights_only and has the reference's keys.
  private func checkWithTorch(_ path: String) throws {
    guard Files.exists("/usr/lib/python3/dist-packages/torch") else {
      print("SKIPPED: python3-torch is not installed, so no outside judge loads the weights")
      return
    }
    let keys =
      (ProcessInfo.processInfo.environment["PIPELINE_SHARED"] ?? "../shared") + "/facts/wav2clip-encoder-keys.txt"
    let script = """
      import os, sys, torch
      state = torch.load(sys.argv[1], weights_only=True)
      assert len(state) == 131, len(state)
      shapes = {k: list(v.shape) for k, v in state.items()}
      assert shapes["audio_transform.sequential.3.weight"] == [512, 512] and shapes["loss_fn_a.logit_scale"] == []
      if os.path.exists(sys.argv[2]):
          for line in open(sys.argv[2]):
              name, shape = line.strip().split(" ", 1)
              assert shapes[name] == eval(shape), (name, shapes.get(name), shape)
      """
    try Clips.shell(["/usr/bin/python3", "-c", script, path, keys])
  }

  private func damageNewestCheckpoint(_ tool: Tool) throws {
    let runs = try Files.names(in: tool.path("runs"))
    let directory = tool.path("runs/\(runs[0])/checkpoints")
    let newest = "\(directory)/\(try #require(Files.names(in: directory).last))"
    var bytes = try Files.read(newest)
    bytes[bytes.count / 2] ^= 1
    try Files.write(bytes, to: newest)
    let refused = try tool.run("export", "damaged.bin")
    #expect(refused.status == 1 && refused.problems.contains("--checkpoint 4"), "\(refused.problems)")
    let outcome = try tool.run("distill", "--batch-size", "4", "--steps", "6")
    #expect(outcome.status == 0)
    #expect(outcome.problems.contains("bytes have changed") && outcome.output.contains("resumed at step 4"))
    #expect(Files.exists("\(newest).damaged"))
    let planned = try tool.run("distill", "--batch-size", "4", "--steps", "6", "--dry-run")
    #expect(planned.output.contains("up to date: 6 steps done"), "\(planned.output)")
  }

  @Test("refuses what cannot be trained, with a hint")
  func refusals() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 3)
    #expect(try tool.run("prepare", "videos", "--frames", "none").status == 0)
    let few = try tool.run("distill")
    #expect(few.status == 1 && few.problems.contains("--batch-size"))
    let loss = try tool.run("distill", "--loss", "clipp")
    #expect(loss.status == 64 && loss.problems.contains("did you mean clip?"))
  }

  @Test("an embedding that is not finite stops it, naming the step and the clip, and keeps the last checkpoint")
  func notFinite() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 4)
    #expect(try tool.run("prepare", "videos", "--frames", "none").status == 0)
    #expect(try tool.run("distill", "--batch-size", "4", "--steps", "1").status == 0)
    // All bits set is NaN in every format.
    let shard = tool.path("shards/train-000000.tar")
    var bytes = try Files.read(shard)
    let magic: [UInt8] = [0x93] + "NUMPY".utf8
    let start = try #require(bytes.indices.first { bytes[$0] == magic[0] && bytes[$0...].starts(with: magic) })
    let header = Int(bytes[start + 8]) | Int(bytes[start + 9]) << 8
    for i in 0..<4 { bytes[start + 10 + header + i] = 0xFF }
    try Files.write(bytes, to: shard)
    let outcome = try tool.run("distill", "--batch-size", "4", "--steps", "2", "--fresh")
    #expect(outcome.status == 1 && outcome.problems.contains("not finite in step 1"), "\(outcome.problems)")
    #expect(outcome.problems.contains("not finite are the embeddings of"), "\(outcome.problems)")
  }

  @Test("ends cleanly on SIGTERM and resumes later")
  func interruption() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 4)
    #expect(try tool.run("prepare", "videos", "--frames", "none").status == 0)
    let (process, output, _) = try tool.start(["distill", "--batch-size", "4", "--steps", "500", "--json"])
    var seen = ""
    while process.isRunning, !seen.contains("\"event\":\"step\"") {
      let data = output.fileHandleForReading.availableData
      if data.isEmpty { break }
      seen += String(decoding: data, as: UTF8.self)
    }
    kill(process.processIdentifier, SIGTERM)
    process.waitUntilExit()
    #expect(process.terminationStatus == 130)
    #expect(
      try tool.run("distill", "--batch-size", "4", "--steps", "500", "--dry-run").output.contains(
        "would go on from step")
    )
  }
}

@Suite(
  "pipeline distill on data that have grown", .serialized, .enabled(if: Clips.ffmpegIsThere, "ffmpeg makes the clips"))
struct GrownDataTests {
  @Test("--dry-run --explain says what differs and suggests --init last; every view of the child names the parent")
  func grown() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 4)
    #expect(try tool.run("prepare", "videos", "--frames", "none").status == 0)
    let words = ["distill", "--batch-size", "2", "--steps", "1"]
    let none = try tool.run(all: words + ["--init", "last"])
    #expect(none.status == 64 && none.problems.contains("there is no run with a checkpoint"), "\(none)")
    #expect(try tool.run(all: words).status == 0)
    let parent = try #require(Files.names(in: tool.path("runs")).first)
    try Clips.add(tool, 4)
    #expect(try tool.run("prepare", "videos", "--frames", "none").status == 0)
    let plan = try tool.run(all: words + ["--dry-run", "--explain"])
    #expect(
      plan.output.contains("the data differ from run \(parent) (1 step): 1 train clip more (4 then, 5 now)"), "\(plan)")
    #expect(plan.output.contains("pipeline distill --init last"))
    let trained = try tool.run(all: words + ["--init", "last"])
    #expect(trained.status == 0 && trained.problems.contains("starts from run \(parent), step 1\n"))
    let child = try #require(Files.names(in: tool.path("runs")).first { $0 != parent })
    #expect(try tool.run("status", "--runs").output.contains("run \(parent), step 1"))
    #expect(try tool.run("export", "w.safetensors").status == 0)
    #expect(try tool.run("inspect", "w.safetensors").output.contains("parent: {\"name\":\"\(parent)\""))
    #expect(try tool.run("report").status == 0)
    let page = String(decoding: try Files.read(tool.path("report.html")), as: UTF8.self)
    #expect(page.contains("Run \(child)") && page.contains("--init \(parent):1"))
    #expect(page.contains("starts from") && page.contains("run \(parent), step 1</dd>"))
    #expect(try tool.run("compare", parent, child).output.contains("start from"))
  }
}

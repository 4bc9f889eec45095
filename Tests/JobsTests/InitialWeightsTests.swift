import Basics
import Distill
import Evaluation
import Export
import Models
import Networks
import Runs
import TestSupport
import Testing
import Training

@Suite("A run that starts from another run's weights")
struct InitialWeightsTests {
  private func settings(_ scratch: Scratch, from initial: String? = nil, rate: Double = 1e-3, steps: Int = 1)
    -> DistillSettings
  {
    var settings = DistillSettings()
    (settings.shards, settings.runs, settings.workspace) = (scratch["shards"], scratch["runs"], scratch["w"])
    (settings.configuration.batchSize, settings.limits.steps, settings.threads) = (2, steps, 2)
    settings.configuration.learningRate = rate
    settings.initial = initial
    return settings
  }

  /// Trains a run.
  ///
  /// - Returns: the run's name.
  private func train(_ settings: DistillSettings) throws -> String {
    var name = ""
    try DistillJob(settings).run { if case .began(let plan, _) = $0 { name = plan.run } }
    return name
  }

  private func weights(_ name: String, _ scratch: Scratch) throws -> Digest {
    try RunParent(TrainedModel(runs: scratch["runs"], run: name, checkpoint: .last)).weights
  }

  @Test("last takes the newest run's weights, names it as parent, and resumes the same run when given again")
  func last() throws {
    let scratch = try Scratch()
    try TinyData.shards(scratch["shards"])
    let parent = try train(settings(scratch))
    let plan = try DistillJob(settings(scratch, from: "last")).plan()
    let expected = RunParent(name: parent, step: 1, weights: try weights(parent, scratch))
    #expect(plan.parent == expected && plan.stepsDone == nil && plan.run != parent)
    let child = try train(settings(scratch, from: "last"))
    #expect(child == plan.run)
    let description = try RunDescription(directory: scratch["runs/\(child)"])
    #expect(description.parent == expected && description.configuration.initialWeights == expected.weights)
    // The child is now the newest run: the same settings resume it.
    let again = try DistillJob(settings(scratch, from: "last")).plan()
    #expect(again.run == child && again.stepsDone == 1 && again.parent == expected)
    for name in ["\(parent):1", String(parent.prefix(8))] {
      #expect(try DistillJob(settings(scratch, from: name)).plan().run == child)
    }
    #expect(RunSummary.all(RunList(scratch["runs"])).map(\.parent) == [expected, nil])

    var export = ExportSettings(path: scratch["child.safetensors"])
    export.runs = scratch["runs"]
    try ExportJob(export).run { _ in }
    let metadata = try WeightFiles.read(export.path).metadata
    #expect(metadata["parent"] == (try CanonicalJSON.text(expected)))
  }

  @Test("its first step equals that of a run that starts from the same weights in a file")
  func sameAsFile() throws {
    let scratch = try Scratch()
    try TinyData.shards(scratch["shards"])
    let parent = try train(settings(scratch))
    var export = ExportSettings(path: scratch["parent.bin"])
    export.runs = scratch["runs"]
    try ExportJob(export).run { _ in }
    let child = try train(settings(scratch, from: parent))
    let other = try train(settings(scratch, from: export.path))
    #expect(child != other)
    #expect(try weights(child, scratch) == weights(other, scratch))
    #expect(try RunDescription(directory: scratch["runs/\(other)"]).parent == nil)
    let scratchRun = try train(settings(scratch, rate: 1e-3))
    #expect(try weights(scratchRun, scratch) != weights(child, scratch))
  }

  @Test("more data: the plan says what differs from each earlier run, and last starts from the newest")
  func moreData() throws {
    let scratch = try Scratch()
    try TinyData.shards(scratch["shards"])
    let first = try train(settings(scratch))
    let second = try train(settings(scratch, from: "last", rate: 1e-4))
    try TinyData.shards(scratch["shards"], train: 6)
    let plan = try DistillJob(settings(scratch)).plan()
    #expect(plan.others.map(\.name) == [second, first])
    let data = { (name: String) in "the data differ from run \(name) (1 step): 2 train clips more (4 then, 6 now)" }
    let start = RunParent(name: first, step: 1, weights: try weights(first, scratch)).text
    #expect(
      plan.others.first?.reasons == [
        data(second),
        "the settings differ from run \(second) (1 step): learningRate 0.0001 then, 0.001 now; "
          + "start from \(start) then, random weights now",
      ])
    #expect(plan.others.last?.reasons == [data(first)])
    let next = try DistillJob(settings(scratch, from: "last", rate: 1e-4)).plan()
    #expect(next.parent?.name == second && ![first, second].contains(next.run))
    // A run that has begun needs no explanation.
    _ = try train(settings(scratch))
    #expect(try DistillJob(settings(scratch)).plan().others.isEmpty)
  }

  @Test("a wrong starting point is refused as a usage error, before anything is written")
  func refused() throws {
    let scratch = try Scratch()
    try TinyData.shards(scratch["shards"])
    func failure(_ initial: String, encoder: String? = nil) -> Failure? {
      var settings = settings(scratch, from: initial)
      settings.configuration.encoder = encoder
      do { _ = try DistillJob(settings).plan() } catch { return error as? Failure }
      return nil
    }
    #expect(failure("last")?.code == "init.none" && failure("last")?.exit == .usage)
    #expect(!Files.exists(scratch["runs"]))
    try TinyData.run("abcdef", in: scratch["runs"])
    try TinyData.run("abcxyz", in: scratch["runs"])
    #expect(failure("abcdex")?.code == "init.unknown" && failure("abcdex")?.exit == .usage)
    #expect(failure("abcdex")?.hint == "did you mean abcdef?")
    #expect(failure("no/file.bin")?.code == "file.missing" || failure("no/file.bin") != nil)
    #expect(failure("abcdef:7")?.code == "checkpoint.missing")
    let other = try Architecture.named("resnet34").label
    #expect(failure("abcdef", encoder: other)?.code == "init.encoder")
    // A run without a checkpoint is skipped.
    try Files.remove(scratch["runs/abcdef/checkpoints"])
    try Files.remove(scratch["runs/abcxyz/checkpoints"])
    #expect(failure("last")?.code == "init.none")
  }

  @Test("a parent that was trained further is another parent; missing parent weights are reported")
  func changed() throws {
    let scratch = try Scratch()
    try TinyData.shards(scratch["shards"])
    try TinyData.run("abcdef", in: scratch["runs"])
    let child = try train(settings(scratch, from: "abcdef"))
    try TinyData.train("abcdef", in: scratch["runs"], to: 3)
    let plan = try DistillJob(settings(scratch, from: "abcdef")).plan()
    #expect(plan.parent?.step == 3 && plan.run != child)
    // The child resumes without its parent, but cannot start over without it.
    try Files.remove(scratch["runs/abcdef"])
    var again = settings(scratch, from: "last", steps: 2)
    #expect(try train(again) == child)
    again.fresh = true
    #expect(TinyData.code { _ = try train(again) } == "init.changed")
  }
}

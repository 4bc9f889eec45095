import Basics
import Distill
import Training
import TestSupport
import Testing

@Suite("Training without the command line")
struct DistillJobTests {
  @Test("reports its start, each step and its end; then nothing is left to do")
  func steps() throws {
    let scratch = try Scratch()
    try TinyData.shards(scratch["shards"])
    var settings = DistillSettings()
    (settings.shards, settings.runs, settings.workspace) = (scratch["shards"], scratch["runs"], scratch["w"])
    (settings.configuration.batchSize, settings.limits.steps, settings.threads) = (2, 2, 2)
    let job = DistillJob(settings)
    let before = try job.plan()
    #expect(before.stepsDone == nil && before.end == nil && before.steps == 2 && before.clips == ["train": 4])
    #expect(!Files.exists(scratch["runs"]))
    var told: [String] = []
    try job.run { event in
      switch event {
      case .began(let plan, let notes):
        told.append("began \(plan.run == before.run)")
        #expect(notes.contains { $0.hasPrefix("no validation clips") })
      case .training(.stepped(let step, _, _, let loss, _)):
        told.append("step \(step)")
        #expect(loss.isFinite)
      case .training(.stopped(let why)): told.append(why)
      case .training: break
      }
    }
    #expect(told == ["began true", "step 1", "step 2", "2 steps done"])
    let after = try job.plan()
    #expect(after.stepsDone == 2 && after.end == "2 steps done")
  }

  @Test("too few clips for a batch and too long a crop are refused by the plan and by the job, which leaves no run")
  func few() throws {
    let scratch = try Scratch()
    try TinyData.shards(scratch["shards"])
    var settings = DistillSettings()
    (settings.shards, settings.runs, settings.workspace) = (scratch["shards"], scratch["runs"], scratch["w"])
    settings.configuration.batchSize = 5
    let job = DistillJob(settings)
    #expect(TinyData.code { _ = try job.plan() } == "training.few")
    #expect(TinyData.code { try job.run { _ in } } == "training.few")
    #expect(!Files.exists(scratch["runs"]))
    settings.configuration.batchSize = 2
    settings.configuration.augmentation.cropSeconds = 10.5
    #expect(TinyData.code { _ = try DistillJob(settings).plan() } == "training.crop")
    #expect(TinyData.code { try DistillJob(settings).run { _ in } } == "training.crop")
    #expect(!Files.exists(scratch["runs"]))
  }
}

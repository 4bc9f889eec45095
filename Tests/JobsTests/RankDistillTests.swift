import Basics
import Distill
import Ranks
import TestSupport
import Testing
import Training

@Suite("A training job on several ranks")
struct RankDistillTests {
  private func settings(_ scratch: Scratch, runs: String) -> DistillSettings {
    var settings = DistillSettings()
    (settings.shards, settings.runs, settings.workspace) = (scratch["shards"], scratch[runs], scratch["w-\(runs)"])
    (settings.configuration.batchSize, settings.configuration.microbatch) = (6, 2)
    (settings.limits.steps, settings.threads) = (2, 1)
    settings.configuration.augmentation.cropSeconds = 0.2
    return settings
  }

  private func weights(_ runs: String) throws -> [String: Digest] {
    var found: [String: Digest] = [:]
    for run in try Files.names(in: runs) {
      for name in try Files.names(in: "\(runs)/\(run)/checkpoints") {
        found["\(run) \(name)"] = try Digest.ofFile("\(runs)/\(run)/checkpoints/\(name)")
      }
    }
    return found
  }

  @Test("writes the checkpoints that one process writes, and only rank 0 reports progress")
  func sameRun() throws {
    let scratch = try Scratch()
    try TinyData.shards(scratch["shards"], train: 6)
    let alone = settings(scratch, runs: "alone")
    try DistillJob(alone).run { _ in }
    let together = settings(scratch, runs: "together")
    let told = try RankThreads.run(3) { ranks in
      let events = Events()
      try DistillJob(together).run(ranks: ranks) { events.add($0) }
      return events.names
    }.map { try $0.get() }
    #expect(told[0].contains("began") && told[0].contains("exchanged 2") && told[1].isEmpty && told[2].isEmpty)
    #expect(try weights(scratch["together"]) == weights(scratch["alone"]))
  }

  private final class Events: @unchecked Sendable {
    private(set) var names: [String] = []

    func add(_ event: DistillJob.Event) {
      switch event {
      case .began: names.append("began")
      case .training(.exchanged(let traffic, let steps)):
        if traffic.messages > 0, traffic.bytes > 0 { names.append("exchanged \(steps)") }
      case .training: break
      }
    }
  }

  @Test("ranks with different settings or data train nothing, and the error says which rank differs")
  func differing() throws {
    let scratch = try Scratch()
    try TinyData.shards(scratch["shards"], train: 6)
    try TinyData.shards(scratch["others"], train: 7)
    for what in ["seed", "data"] {
      let common = settings(scratch, runs: "runs")
      let others = scratch["others"]
      let results = RankThreads.run(3) { ranks in
        var own = common
        if ranks.rank == 2, what == "seed" { own.configuration.seed = 5 }
        if ranks.rank == 2, what == "data" { own.shards = others }
        try DistillJob(own).run(ranks: ranks) { _ in }
      }
      for result in results {
        #expect {
          try result.get()
        } throws: { error in
          let failure = error as? Failure
          return failure?.code == "ranks.differ" && failure?.subject?.hasPrefix("rank 2 on ") == true
            && failure?.found?.contains("\(what) ") == true
        }
      }
      #expect(!Files.exists(scratch["runs"]))
    }
  }
}

import Basics
import Foundation
import Networks
import TestSupport
import Testing

@testable import Training

@Suite("The state that training resumes from")
struct TrainingStateTests {
  private let directory = FileManager.default.temporaryDirectory.path + "/pipeline-test-\(UUID().uuidString.prefix(8))"

  private func learner(_ seed: UInt64) -> Learner {
    let learner = Learner(Architecture.resNet("tiny", blocks: [2, 2], channels: [16, 32]).parameters)
    learner.parameters.initialize(seed: seed)
    return learner
  }

  private func state(_ step: Int, best: Int? = nil, epoch: Int = 0) -> TrainingState {
    var state = TrainingState()
    (state.step, state.epoch) = (step, epoch)
    state.best = best.map { .init(step: $0, validationLoss: 1) }
    return state
  }

  private func damage(_ step: String) throws {
    let path = "\(directory)/step-\(step).safetensors"
    var bytes = try Files.read(path)
    bytes[bytes.count - 5] ^= 1
    try Files.write(bytes, to: path)
  }

  @Test("damaged checkpoints are set aside, so that they do not displace later ones")
  func damaged() throws {
    defer { try? Files.remove(directory) }
    let checkpoints = try CheckpointDirectory(directory)
    for step in [300, 800, 900] { try checkpoints.save(learner(UInt64(step)), state(step, best: 300)) }
    #expect(checkpoints.steps == [300, 800, 900])
    for step in ["00000800", "00000900"] { try damage(step) }
    let found = learner(0)
    let whole = checkpoints.newestWhole(into: found)
    #expect(whole.state?.step == 300 && whole.damaged == [900, 800] && checkpoints.steps == [300, 800, 900])
    var told: [Failure] = []
    #expect(try checkpoints.resume(into: found) { told.append($0) } == state(300, best: 300))
    #expect(told.map(\.code) == ["checkpoint.damaged", "checkpoint.damaged"])
    #expect(found.parameters.trainable.values == learner(300).parameters.trainable.values)
    for step in [350, 400, 450] { try checkpoints.save(found, state(step, best: 300)) }
    #expect(checkpoints.steps == [300, 400, 450])
    #expect(try Files.names(in: directory).filter { $0.hasSuffix(".safetensors.damaged") }.count == 2)
  }

  @Test("whichever operation of a save fails, the previous or the new checkpoint is there")
  func faults() throws {
    let students = (0...3).map { learner(UInt64($0)) }
    let outcome = try FaultWalk(
      before: { directory in
        for step in 1...2 { try CheckpointDirectory("\(directory)/c").save(students[step], state(step, best: 2)) }
      },
      work: { directory in try CheckpointDirectory("\(directory)/c").save(students[3], state(3, best: 2)) },
      state: { directory in
        let found = students[0]
        let (state, damaged) = CheckpointDirectory(existing: "\(directory)/c").newestWhole(into: found)
        let isWhole = found.parameters.trainable.values == students[state?.step ?? 0].parameters.trainable.values
        return "step \(state?.step ?? 0), \(isWhole ? "whole" : "of other numbers"), damaged: \(damaged)"
      }
    ).run()
    #expect(outcome.problems == [])
    // Remove the leftover, open, write, sync, rename, sync the directory, remove the oldest checkpoint.
    #expect(outcome.operations >= 7)
  }

  @Test("the newest state is read without the weights")
  func latestState() throws {
    defer { try? Files.remove(directory) }
    let checkpoints = try CheckpointDirectory(directory)
    #expect(checkpoints.latestState == nil)
    try checkpoints.save(learner(1), state(7, epoch: 2))
    try Files.write("torn", to: "\(directory)/step-00000009.safetensors")
    #expect(checkpoints.latestState == state(7, epoch: 2))
  }

  @Test("metrics of work that is redone are dropped: later steps, and an unfinished epoch")
  func metrics() throws {
    try Files.makeDirectory(directory)
    defer { try? Files.remove(directory) }
    let path = "\(directory)/metrics.jsonl"
    func line(_ kind: String, _ step: Int, _ epoch: Int) -> MetricsLog.Line {
      MetricsLog.Line(kind: kind, step: step, epoch: epoch, loss: 1, learningRate: 1)
    }
    do {
      let log = try MetricsLog(path, keepThrough: TrainingState())
      for line in [line("step", 9, 0), line("step", 10, 0), line("epoch", 10, 0), line("step", 11, 1)] {
        try log.append(line)
      }
      try log.sync()
    }
    // The checkpoint after the epoch's last batch, before the one at the end of the epoch.
    var unfinished = state(10)
    unfinished.batchInEpoch = 10
    for (state, kinds) in [
      (state(11, epoch: 1), ["step", "step", "epoch", "step"]), (state(10, epoch: 1), ["step", "step", "epoch"]),
      (unfinished, ["step", "step"]), (state(9), ["step"]),
    ] {
      _ = try MetricsLog(path, keepThrough: state)
      #expect(MetricsLog.lines(path).map(\.kind) == kinds)
    }
  }

  @Test("training ends after its epochs, its steps, or too many epochs without a better loss")
  func end() {
    var (configuration, limits) = (TrainingConfiguration(), TrainingLimits())
    (configuration.batchSize, configuration.patience) = (4, 3)
    (limits.epochs, limits.steps) = (5, 9)
    func end(_ state: TrainingState, isValidated: Bool = true) -> String? {
      state.end(configuration, limits, clips: 11, isValidated: isValidated)
    }
    #expect(end(TrainingState()) == nil && end(state(8, epoch: 4)) == nil)
    #expect(end(state(9, epoch: 4)) == "9 steps done" && end(state(10, epoch: 5)) == "all epochs done")
    // All batches of the epoch are done, but it is not validated yet.
    var last = state(10, epoch: 4)
    last.batchInEpoch = 2
    #expect(end(last) == nil)
    var stopped = state(6, epoch: 3)
    stopped.epochsWithoutBetter = 3
    #expect(end(stopped) == "no better validation in 3 epochs" && end(stopped, isValidated: false) == nil)
    configuration.patience = nil
    #expect(end(stopped) == nil)
  }
}

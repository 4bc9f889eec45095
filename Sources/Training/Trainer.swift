import Basics
import Kernels
import Networks
import Ranks

/// Runs a `TrainingTask`: epochs of batches, validation, schedule, early stop and checkpoints; resumes from a
/// checkpoint.
///
/// Every step depends only on the configuration, the data and the libraries. Neither stopping, killing and resuming nor
/// the number of ranks that train together changes any bit. Only rank 0 reads and writes the directory.
package final class Trainer {
  /// Incremented whenever the same configuration would give different weights than before.
  package static let version = 1

  package enum Event: Sendable {
    case resumed(step: Int)
    case damaged(Failure)
    case stepped(step: Int, epoch: Int, of: Int, loss: Double, samplesPerSecond: Double)
    case epochEnded(MetricsLog.Line)
    case saved(step: Int)
    /// The data that this rank sent to the others in `steps` steps, and how long it waited for them.
    case exchanged(Traffic, steps: Int)
    case stopped(String)
  }

  private let configuration: TrainingConfiguration
  private let limits: TrainingLimits
  private let task: any TrainingTask
  package let learner: Learner
  private let ranks: RankGroup
  /// Only on rank 0.
  private let records: (checkpoints: CheckpointDirectory, metrics: MetricsLog)?
  private let schedule: any LearningRateSchedule
  private let report: (Event) -> Void
  private let profile: Profile?
  private var state: TrainingState
  private var lastSaved: (step: Int, time: ContinuousClock.Instant)
  /// Whether anything has changed since the newest checkpoint.
  private var hasNews: Bool

  /// Trains an encoder.
  /// - Parameters:
  ///   - directory: the run's directory, for checkpoints and `metrics.jsonl`; training resumes from its checkpoints.
  ///   - architecture, objective: nil: those that the configuration names.
  ///   - ranks: the ranks that train together, all with the same configuration, limits and clips.
  ///   - initialize: replaces random weights with the weights to start from.
  ///   - retrieval: computes retrieval scores of the validation clips after each epoch, for the records.
  ///   - profile: records the time of every step except the first.
  package convenience init(
    _ configuration: TrainingConfiguration, _ limits: TrainingLimits, train: any TrainingClips,
    validation: (any TrainingClips)?,
    directory: String, backend: any Backend, threads: WorkerThreads, architecture: Architecture? = nil,
    objective: (any Objective)? = nil, ranks: RankGroup = .alone,
    initialize: (Parameters) throws -> Void = { _ in }, profile: Profile? = nil,
    retrieval: @escaping (Validation.Pairs) -> [String: Double] = { _ in [:] }, report: @escaping (Event) -> Void
  ) throws {
    try Self.check(train.ids.count, configuration, ranks)
    let architecture = try architecture ?? .named(configuration.encoder)
    let objective = try objective ?? DistillationObjective(configuration.loss)
    let learner = Learner(
      try architecture.parameters + objective.parameters(encoder: architecture.width, target: train.width),
      averages: configuration.optimizer.averageDecay != nil)
    let task = try EncoderTask(
      configuration, train: train, validation: validation, architecture, objective, learner, backend: backend,
      threads: threads, ranks: ranks, profile: profile, retrieval: retrieval)
    try self.init(
      configuration, limits, learner, task, directory: directory, ranks: ranks, initialize: initialize,
      profile: profile,
      report: report)
  }

  private static func check(_ samples: Int, _ configuration: TrainingConfiguration, _ ranks: RankGroup) throws {
    if let shortage = configuration.shortage(of: samples) { throw ranks.shared(shortage) }
  }

  /// Trains any task, with the same parameters as above.
  /// - Parameter learner: the weights that the task's steps change; initialized here.
  package init(
    _ configuration: TrainingConfiguration, _ limits: TrainingLimits, _ learner: Learner, _ task: any TrainingTask,
    directory: String, ranks: RankGroup = .alone, initialize: (Parameters) throws -> Void = { _ in },
    profile: Profile? = nil, report: @escaping (Event) -> Void
  ) throws {
    try Self.check(task.ids.count, configuration, ranks)
    (self.configuration, self.limits, self.learner, self.task) = (configuration, limits, learner, task)
    (self.ranks, self.report, self.profile) = (ranks, report, profile)
    schedule = try Training.schedule(named: configuration.schedule)
    let found = try ranks.together { () throws -> (state: TrainingState?, CheckpointDirectory)? in
      guard ranks.isFirst else { return nil }
      let checkpoints = try CheckpointDirectory("\(directory)/checkpoints")
      let state = try checkpoints.resume(into: learner, warn: { report(.damaged($0)) })
      if state == nil {
        learner.parameters.initialize(seed: configuration.seed)
        try initialize(learner.parameters)
        learner.startAverage()
      }
      return (state, checkpoints)
    }
    if let step = found?.state?.step { report(.resumed(step: step)) }
    hasNews = found?.state == nil
    state = try learner.takeOver(found?.state ?? TrainingState(), ranks)
    records = try found.map { [state] in ($0.1, try MetricsLog("\(directory)/metrics.jsonl", keepThrough: state)) }
    lastSaved = (state.step, .now)
  }

  /// Trains until a limit, the early stop or an interruption.
  /// - Throws: `Interruption.failure` after saving; `Failure` for a loss that is not finite.
  package func run() throws {
    let (begin, before) = (ContinuousClock.now, state)
    let traffic = ranks.traffic
    // A finished run continues only if its limits have changed.
    var reason = end
    while reason == nil { reason = try trainEpoch(begin) ?? end }
    try save()
    if !ranks.isAlone { report(.exchanged(ranks.traffic - traffic, steps: state.step - before.step)) }
    if let reason { report(.stopped(state == before ? "up to date: \(reason)" : reason)) }
  }

  /// Loads the weights of the epoch with the best validation, if there is one.
  package func loadBest() throws {
    if let best = state.best { _ = try records?.checkpoints.load(best.step, into: learner) }
  }

  private var end: String? {
    state.end(configuration, limits, clips: task.ids.count, isValidated: task.isValidated)
  }

  private var batchesInEpoch: Int { configuration.batches(of: task.ids.count) }

  /// - Returns: why training ends within this epoch, or nil if the epoch was completed.
  private func trainEpoch(_ begin: ContinuousClock.Instant) throws -> String? {
    let order = TrainingOrder.epoch(state.epoch, seed: configuration.seed, ids: task.ids)
    let rate = schedule.rate(
      base: configuration.learningRate, epoch: state.epoch, epochs: configuration.scheduleEpochs,
      state: state.schedule)
    while state.batchInEpoch < batchesInEpoch {
      if let end { return end }
      let reasons = try reasonsToStop(begin)
      if reasons.contains(.timeIsOver) { return "the time given is over" }
      if reasons.contains(.interruption) {
        try save()
        throw ranks.shared(Interruption.failure)
      }
      let start = ContinuousClock.now
      let batch = Array(
        order[state.batchInEpoch * configuration.batchSize..<(state.batchInEpoch + 1) * configuration.batchSize])
      let outcome = try stepOrExplain(batch, rate)
      profile?.stepped()
      hasNews = true
      state.step += 1
      state.batchInEpoch += 1
      state.epochLoss += outcome.loss
      let speed = Double(batch.count) / (ContinuousClock.now - start).seconds
      try records?.metrics.append(
        line("step", loss: outcome.loss, rate: rate, norm: outcome.gradientNorm, speed: speed))
      report(
        .stepped(
          step: state.step, epoch: state.epoch, of: batchesInEpoch, loss: outcome.loss, samplesPerSecond: speed))
      if isTimeToSave { try save() }
    }
    try finishEpoch(rate)
    return nil
  }

  /// Reasons to end a training between two steps that do not depend on its state.
  private struct StopReasons: OptionSet {
    let rawValue: UInt8
    static let interruption = StopReasons(rawValue: 1)
    static let timeIsOver = StopReasons(rawValue: 2)
  }

  /// The reasons of all ranks together, so that all stop after the same step.
  private func reasonsToStop(_ begin: ContinuousClock.Instant) throws -> StopReasons {
    var reasons: StopReasons = Interruption.isRequested ? .interruption : []
    if let hours = limits.hours, (ContinuousClock.now - begin).seconds > hours * 3600 { reasons.insert(.timeIsOver) }
    return StopReasons(rawValue: try ranks.union(reasons.rawValue))
  }

  private func stepOrExplain(_ batch: [Int], _ rate: Double) throws -> TrainingOutcome {
    do { return try task.step(batch, epoch: state.epoch, number: state.step + 1, rate: rate) } catch var failure
      as Failure
      where failure.code == "training.nonfinite"
    {
      let last =
        records?.checkpoints.steps.last.map { "the last checkpoint is of step \($0)" } ?? "there is no checkpoint yet"
      failure.hint = [last, failure.hint].compactMap { $0 }.joined(separator: "; ")
      throw failure
    }
  }

  private func finishEpoch(_ rate: Double) throws {
    var summary = line(
      "epoch", loss: state.epochLoss / Double(max(1, batchesInEpoch)), rate: rate, norm: nil, speed: nil)
    let isTime = (state.epoch + 1) % limits.validateEvery == 0 || state.epoch + 1 == limits.epochs
    if task.isValidated, isTime {
      let result = try task.validate(withScores: records != nil)
      let loss = result.loss
      // For captions, the criterion is not a loss.
      summary.validationLoss = result.captions?["loss"] ?? loss
      (summary.retrieval, summary.captions) = (result.retrieval, result.captions)
      schedule.observe(validationLoss: loss, base: configuration.learningRate, state: &state.schedule)
      if loss < state.best?.validationLoss ?? .infinity {
        state.best = .init(step: state.step, validationLoss: loss)
        state.epochsWithoutBetter = 0
      } else {
        state.epochsWithoutBetter += 1
      }
    }
    try records?.metrics.append(summary)
    hasNews = true
    state.epoch += 1
    state.batchInEpoch = 0
    state.epochLoss = 0
    report(.epochEnded(summary))
    try save()
  }

  private func line(_ kind: String, loss: Double, rate: Double, norm: Double?, speed: Double?) -> MetricsLog.Line {
    let temperatures = learner.parameters.layout.trainable.filter { $0.spec.role == .logitScale }
    return MetricsLog.Line(
      kind: kind, step: state.step, epoch: state.epoch, loss: loss, validationLoss: nil, learningRate: rate,
      gradientNorm: norm,
      temperatures: Dictionary(
        uniqueKeysWithValues: temperatures.map { ($0.name, Double(learner.parameters.trainable.start[$0.offset])) }),
      samplesPerSecond: speed)
  }

  private var isTimeToSave: Bool {
    switch limits.checkpointEvery {
    case .steps(let steps): state.step - lastSaved.step >= steps
    case .minutes(let minutes): (ContinuousClock.now - lastSaved.time).seconds >= minutes * 60
    }
  }

  private func save() throws {
    guard hasNews, let records else { return }
    // The records must contain every step that a checkpoint counts as done.
    try records.metrics.sync()
    try records.checkpoints.save(learner, state)
    hasNews = false
    lastSaved = (state.step, .now)
    report(.saved(step: state.step))
  }
}

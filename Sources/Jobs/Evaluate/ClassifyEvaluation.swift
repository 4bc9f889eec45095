import Audio
import Basics
import Training
import Evaluation
import Kernels
import Synchronization

/// Measures how well classifiers work on frozen embeddings, compared with baselines.
struct ClassifyEvaluation {
  let settings: ClassifySettings
  private let student: EvaluatedModel?
  private let threads: WorkerThreads
  private let report: (EvaluationEvent) -> Void

  static func run(
    _ settings: ClassifySettings, student: EvaluatedModel?, report: @escaping (EvaluationEvent) -> Void
  ) throws -> EvaluationRecord {
    let threads = WorkerThreads(settings.threads)
    defer { threads.stop() }
    return try ClassifyEvaluation(settings: settings, student: student, threads: threads, report: report).run()
  }

  private func run() throws -> EvaluationRecord {
    // Missing published scores are reported before anything is read.
    let published = try settings.published.map { try PublishedScore.rows(of: $0) } ?? []
    let data = try ClassifyData(settings, student, threads: threads) { report(.working($0)) }
    for note in data.notes { report(.note(note)) }
    let (partitions, method) = try data.partitions(settings)
    for partition in partitions {
      if partition.train.isEmpty { throw Failure.emptyShare("training", partition.name) }
      if partition.test.isEmpty { throw Failure.emptyShare("test", partition.name) }
    }
    let tasks = tasks(data, partitions)
    let outcomes = try runAll(tasks, data, partitions)
    let table = table(data, partitions, outcomes, published)
    let tested = Set(partitions.flatMap(\.test)).sorted()
    var record = EvaluationRecord(
      kind: "classify", title: title(partitions), data: facts(data), of: student, split: Self.split(partitions),
      scored: tested.count, method: lines(data, method), tables: [table])
    record.confusion = confusion(data, partitions, outcomes)
    record.curve = curve(data, partitions, outcomes)
    record.warnings += [data.overlapWarning(tested), data.silenceWarning].compactMap(\.self)
    if let path = settings.save { try save(data, partitions, outcomes, to: path) }
    return record
  }

  // MARK: What is run

  /// One classifier, trained once and tested once.
  struct Task: Hashable, Sendable {
    var row: String
    /// Nil for the supervised network.
    var probe: String?
    var partition: Int
    var seed: Int
    var fraction: Double

    var name: String { probe.map { "\(row), \($0)" } ?? row }
  }

  struct Outcome: Sendable {
    var scores: [Float]
    var choice: Double?
  }

  var fractions: [Double] { Array(Set(settings.labelFractions + [1])).sorted() }

  private func tasks(_ data: ClassifyData, _ partitions: [Partition]) -> [Task] {
    var tasks: [Task] = []
    for row in rowOrder {
      for probe in Self.probes(of: row) {
        let isTrainedNetwork = probe == nil
        for fraction in fractions where fraction == 1 || probe != HiddenLayerProbe.name {
          for partition in partitions.indices {
            for seed in 0..<(isTrainedNetwork ? settings.supervisedSeeds : settings.seeds) {
              tasks.append(Task(row: row, probe: probe, partition: partition, seed: seed, fraction: fraction))
            }
          }
        }
      }
    }
    return tasks
  }

  /// Rows in the order of the table: those asked for, then features from files.
  var rowOrder: [String] { settings.rows.map(\.rawValue) + settings.features.map(\.name) }

  static func probes(of row: String) -> [String?] {
    switch row {
    case ClassifySettings.Row.supervised.rawValue: [nil]
    case ClassifySettings.Row.logMel.rawValue: [RidgeProbe.name, LinearProbe.name]
    default: [LinearProbe.name, HiddenLayerProbe.name]
    }
  }

  private func runAll(_ tasks: [Task], _ data: ClassifyData, _ partitions: [Partition]) throws -> [Task: Outcome] {
    let probes = tasks.filter { $0.probe != nil }
    let shares = probes.map { share($0, data, partitions) }
    let (backend, features, targets) = (FastBackend(), data.features, data.targets)
    // Called by the scoring threads, one at a time, while this thread waits for them.
    nonisolated(unsafe) let report = report
    let done = Mutex(0)
    report(.working(WorkProgress("probes", of: probes.count)))
    let scored = try threads.map(probes.count) { index, _ -> Outcome? in
      let task = probes[index]
      guard !Interruption.isRequested, let seeds = features[task.row],
        let probe = builtInProbes.first(where: { $0.name == task.probe })
      else { return nil }
      let rows = seeds[min(task.seed, seeds.count - 1)]
      let outcome = try probe.run(
        ProbeData(rows, targets, fit: shares[index].fit, validation: shares[index].validation),
        test: rows.rows(partitions[task.partition].test), seed: UInt64(task.seed), backend: backend)
      done.withLock { done in
        done += 1
        report(.working(WorkProgress("probes", done: done, of: probes.count)))
      }
      return Outcome(scores: outcome.scores, choice: outcome.choice)
    }
    if Interruption.isRequested { throw Interruption.failure }
    var outcomes = Dictionary(
      uniqueKeysWithValues: zip(probes, scored).compactMap { task, outcome in outcome.map { (task, $0) } })
    for task in tasks where task.probe == nil {
      outcomes[task] = try supervised(task, data, partitions)
    }
    return outcomes
  }

  /// The labeled clips of a task, split into those to fit and those to validate with.
  func share(_ task: Task, _ data: ClassifyData, _ partitions: [Partition]) -> (fit: [Int], validation: [Int]) {
    var partition = partitions[task.partition]
    if task.fraction < 1 {
      partition.train = labeled(partition, task.fraction, data, seed: task.seed)
      if !partition.validation.isEmpty {
        partition.validation =
          StratifiedChoice.split(
            partition.validation, share: task.fraction, atLeast: 1, names: data.names, targets: data.targets,
            seed: UInt64(task.seed), purpose: "labels"
          ).chosen
      }
    }
    return StratifiedChoice.validation(
      partition, names: data.names, targets: data.targets, seed: UInt64(task.seed))
  }

  func labeled(_ partition: Partition, _ fraction: Double, _ data: ClassifyData, seed: Int) -> [Int] {
    StratifiedChoice.split(
      partition.train, share: fraction, atLeast: 1, names: data.names, targets: data.targets, seed: UInt64(seed),
      purpose: "labels"
    ).chosen
  }

  // MARK: The supervised network

  private func supervised(_ task: Task, _ data: ClassifyData, _ partitions: [Partition]) throws -> Outcome {
    let (fit, validation) = share(task, data, partitions)
    var configuration = settings.supervised
    configuration.seed = UInt64(task.seed)
    let baseline = SupervisedBaseline(
      names: data.names, audioClips: data.audioClips, targets: data.targets, configuration: configuration,
      directory: settings.baselines)
    let share = EvaluationText.number(task.fraction * 100, decimals: 1)
    let training = try baseline.train(
      fit, validation: validation, "supervised, fold \(partitions[task.partition].name), \(share) % of labels", threads,
      report)
    return Outcome(scores: try training.scores(partitions[task.partition].test), choice: nil)
  }
}

import Basics
import Distillation
import Evaluation
import Kernels

/// `pipeline evaluate classify`: what are frozen embeddings worth to a classifier, beside rows that anyone can make?
package struct ClassifyEvaluation {
  package enum Event: Sendable {
    case read(done: Int, of: Int)
    case note(String)
    case trained(String)
  }

  let settings: ClassifySettings
  private let student: EvaluatedStudent?
  private let threads: WorkerThreads
  private let report: (Event) -> Void

  package static func run(
    _ settings: ClassifySettings, student: EvaluatedStudent?, report: @escaping (Event) -> Void
  ) throws -> EvaluationRecord {
    let threads = WorkerThreads(settings.threads)
    defer { threads.stop() }
    return try ClassifyEvaluation(settings: settings, student: student, threads: threads, report: report).run()
  }

  private func run() throws -> EvaluationRecord {
    // What cannot be found is said before anything is read.
    let published = try settings.published.map { try PublishedScore.rows(of: $0) } ?? []
    let data = try ClassifyData(settings, student, threads: threads) { report(.read(done: $0, of: $1)) }
    for note in data.notes { report(.note(note)) }
    let (partitions, method) = try data.partitions(settings)
    for partition in partitions {
      if partition.train.isEmpty { throw Failure.emptyShare("training", partition.name) }
      if partition.test.isEmpty { throw Failure.emptyShare("test", partition.name) }
    }
    let tasks = tasks(data, partitions)
    let outcomes = try runAll(tasks, data, partitions)
    let table = table(data, partitions, outcomes, published)
    var record = EvaluationRecord(
      kind: "classify", title: title(partitions), data: facts(data), weights: student?.digest, run: student?.run,
      method: lines(data, method), tables: [table])
    record.confusion = confusion(data, partitions, outcomes)
    record.curve = curve(data, partitions, outcomes)
    record.warnings = data.warnings
    if let warning = data.overlapWarning(Set(partitions.flatMap(\.test)).sorted()) { record.warnings.append(warning) }
    if let path = settings.save { try save(data, partitions, outcomes, to: path) }
    return record
  }

  // MARK: What is run

  /// One classifier trained once and tested once.
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

  /// Rows in the order of the table: as asked for, files' features behind.
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
    let (kernels, features, targets) = (FastKernels().layers, data.features, data.targets)
    let scored = threads.map(probes.count) { index, _ -> Outcome? in
      let task = probes[index]
      guard !Interruption.isRequested, let seeds = features[task.row],
        let probe = BuiltInProbes.first(where: { $0.name == task.probe })
      else { return nil }
      let rows = seeds[min(task.seed, seeds.count - 1)]
      let outcome = probe.run(
        ProbeData(rows, targets, fit: shares[index].fit, validation: shares[index].validation),
        test: rows.rows(partitions[task.partition].test), seed: UInt64(task.seed), kernels: kernels)
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

  /// The labelled clips of a task, cut into those that are fitted and those that choose.
  func share(_ task: Task, _ data: ClassifyData, _ partitions: [Partition]) -> (fit: [Int], validation: [Int]) {
    var partition = partitions[task.partition]
    if task.fraction < 1 {
      partition.train = labelled(partition, task.fraction, data, seed: task.seed)
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

  func labelled(_ partition: Partition, _ fraction: Double, _ data: ClassifyData, seed: Int) -> [Int] {
    StratifiedChoice.split(
      partition.train, share: fraction, atLeast: 1, names: data.names, targets: data.targets, seed: UInt64(seed),
      purpose: "labels"
    ).chosen
  }

  // MARK: The supervised network

  /// Steps that even a handful of labels is trained for.
  static let leastSteps = 100

  private func supervised(_ task: Task, _ data: ClassifyData, _ partitions: [Partition]) throws -> Outcome {
    let sounds = data.sounds
    let limit = 10 * FrontEnd.sampleRate
    let samples = min(limit, sounds.map(\.count).max() ?? limit)
    let content = SupervisedTraining.Data(
      names: data.names, samples: samples, targets: data.targets.matrix(Array(data.clips.indices)),
      classes: data.targets.names.count, loss: data.targets.isMultiLabel ? .sigmoid : .softmax
    ) { clip, place in
      let sound = sounds[clip]
      for i in 0..<samples { place[i] = i < sound.count ? Float(sound[i]) / 32768 : 0 }
    }
    let (fit, validation) = share(task, data, partitions)
    var configuration = settings.supervised
    configuration.seed = UInt64(task.seed)
    let batches = max(1, fit.count / min(configuration.batchSize, max(1, fit.count)))
    configuration.epochs = max(configuration.epochs, (Self.leastSteps + batches - 1) / batches)
    let training = SupervisedTraining(content, configuration, kernels: FastKernels(), threads: threads)
    let fold = partitions[task.partition].name
    try training.train(fit, validation: validation) { epoch, loss, validationLoss in
      let held = validationLoss.map { ", validation \(EvaluationText.number($0))" } ?? ""
      report(
        .trained(
          "supervised, fold \(fold), \(EvaluationText.number(task.fraction * 100, decimals: 1)) % of labels: epoch \(epoch) of \(configuration.epochs), loss \(EvaluationText.number(loss))\(held)"
        ))
    }
    return Outcome(scores: try training.scores(partitions[task.partition].test), choice: nil)
  }
}

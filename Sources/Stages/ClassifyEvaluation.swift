import Basics
import Distillation
import Evaluation
import Foundation
import Kernels
import Tensors

/// `pipeline evaluate classify`: what are frozen embeddings worth to a classifier, beside rows that anyone can make?
package struct ClassifyEvaluation {
  package enum Event: Sendable {
    case read(done: Int, of: Int)
    case note(String)
    case trained(String)
  }

  private let settings: ClassifySettings
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

  private var fractions: [Double] { Array(Set(settings.labelFractions + [1])).sorted() }

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
  private var rowOrder: [String] { settings.rows.map(\.rawValue) + settings.features.map(\.name) }

  private static func probes(of row: String) -> [String?] {
    switch row {
    case ClassifySettings.Row.supervised.rawValue: [nil]
    case ClassifySettings.Row.logMel.rawValue: [RidgeProbe.name, LinearProbe.name]
    default: [LinearProbe.name, HiddenLayerProbe.name]
    }
  }

  private func runAll(_ tasks: [Task], _ data: ClassifyData, _ partitions: [Partition]) throws -> [Task: Outcome] {
    let probes = tasks.filter { $0.probe != nil }
    let slots = ResultSlots<Outcome>(probes.count)
    let shares = probes.map { share($0, data, partitions) }
    let (kernels, features, targets) = (FastKernels().layers, data.features, data.targets)
    threads.forEach(probes.count) { index, _ in
      let task = probes[index]
      guard !Interruption.isRequested, let seeds = features[task.row],
        let probe = BuiltInProbes.first(where: { $0.name == task.probe })
      else { return }
      let rows = seeds[min(task.seed, seeds.count - 1)]
      let outcome = probe.run(
        ProbeData(rows, targets, fit: shares[index].fit, validation: shares[index].validation),
        test: rows.rows(partitions[task.partition].test), seed: UInt64(task.seed), kernels: kernels)
      slots[index] = Outcome(scores: outcome.scores, choice: outcome.choice)
    }
    if Interruption.isRequested { throw Interruption.failure }
    var outcomes = Dictionary(
      uniqueKeysWithValues: zip(probes, slots.values).compactMap { task, outcome in outcome.map { (task, $0) } })
    for task in tasks where task.probe == nil {
      outcomes[task] = try supervised(task, data, partitions)
    }
    return outcomes
  }

  /// The labelled clips of a task, cut into those that are fitted and those that choose.
  private func share(_ task: Task, _ data: ClassifyData, _ partitions: [Partition]) -> (fit: [Int], validation: [Int]) {
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

  private func labelled(_ partition: Partition, _ fraction: Double, _ data: ClassifyData, seed: Int) -> [Int] {
    StratifiedChoice.split(
      partition.train, share: fraction, atLeast: 1, names: data.names, targets: data.targets, seed: UInt64(seed),
      purpose: "labels"
    ).chosen
  }

  // MARK: The supervised network

  /// Steps that even a handful of labels is trained for.
  private static let leastSteps = 100

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

  // MARK: What is told

  private func scores(_ outcome: Outcome, _ data: ClassifyData, _ partition: Partition) -> ClassificationScores {
    ClassificationScores(
      scores: outcome.scores, targets: data.targets.matrix(partition.test), classes: data.targets.names.count,
      isMultiLabel: data.targets.isMultiLabel)
  }

  private func table(
    _ data: ClassifyData, _ partitions: [Partition], _ outcomes: [Task: Outcome], _ published: [ScoreRow]
  ) -> ScoreTable {
    let columns = (data.targets.isMultiLabel ? [] : ["accuracy"]) + ["mAP", "AUC", "d′"]
    var rows: [ScoreRow] = []
    for row in rowOrder {
      for probe in Self.probes(of: row) {
        var (values, choices) = ([String: [Double]](), [String: Double]())
        for partition in partitions.indices {
          for seed in 0..<max(settings.seeds, settings.supervisedSeeds) {
            let task = Task(row: row, probe: probe, partition: partition, seed: seed, fraction: 1)
            guard let outcome = outcomes[task] else { continue }
            let scores = scores(outcome, data, partitions[partition])
            for (name, value) in Self.named(scores) { values[name, default: []].append(value) }
            choices["fold \(partitions[partition].name), seed \(seed)"] = outcome.choice
          }
        }
        guard !values.isEmpty else { continue }
        rows.append(
          ScoreRow(
            probe.map { "\(row), \($0)" } ?? row, scores: values.mapValues { Spread($0) },
            choices: choices.isEmpty ? nil : choices))
      }
    }
    rows.append(chance(data, partitions))
    return ScoreTable(
      title:
        "\(data.clips.count) clips, \(data.targets.names.count) classes, \(partitions.count == 1 ? "one split" : "\(partitions.count) folds")",
      columns: columns, rows: rows + published)
  }

  private static func named(_ scores: ClassificationScores) -> [(String, Double)] {
    (scores.accuracy.map { [("accuracy", $0)] } ?? [])
      + [("mAP", scores.meanAveragePrecision), ("AUC", scores.areaUnderCurve), ("d′", scores.dPrime)]
  }

  /// The most frequent label of the training clips for accuracy; each class's share of the test clips for mAP.
  private func chance(_ data: ClassifyData, _ partitions: [Partition]) -> ScoreRow {
    var values: [String: [Double]] = [:]
    for partition in partitions {
      var counts = [Int](repeating: 0, count: data.targets.names.count)
      for label in partition.train.flatMap({ data.targets.classes[$0] }) { counts[label] += 1 }
      let frequent = counts.indices.max { (counts[$0], -$0) < (counts[$1], -$1) } ?? 0
      let test = data.targets.matrix(partition.test)
      let scores = partition.test.flatMap { _ in data.targets.names.indices.map { Float($0 == frequent ? 1 : 0) } }
      // All scores of a class equal but for the constant guess: its average precision is the class's share.
      let guess = ClassificationScores(
        scores: scores, targets: test, classes: data.targets.names.count, isMultiLabel: data.targets.isMultiLabel)
      for (name, value) in Self.named(guess) { values[name, default: []].append(value) }
    }
    return ScoreRow("always the most frequent", .chance, scores: values.mapValues { Spread($0) })
  }

  private func confusion(_ data: ClassifyData, _ partitions: [Partition], _ outcomes: [Task: Outcome])
    -> [EvaluationRecord.NamedConfusion]
  {
    guard !data.targets.isMultiLabel, data.targets.names.count <= 100 else { return [] }
    let classes = data.targets.names.count
    return rowOrder.flatMap { row in
      Self.probes(of: row).compactMap { probe -> EvaluationRecord.NamedConfusion? in
        var matrix = ConfusionMatrix(labels: data.targets.names)
        for (number, partition) in partitions.enumerated() {
          let task = Task(row: row, probe: probe, partition: number, seed: 0, fraction: 1)
          guard let outcome = outcomes[task] else { return nil }
          for (place, index) in partition.test.enumerated() {
            guard let actual = data.targets.classes[index].first else { continue }
            matrix.add(actual: actual, predicted: Scores.best(outcome.scores, place, classes))
          }
        }
        return .init(row: probe.map { "\(row), \($0)" } ?? row, matrix: matrix)
      }
    }
  }

  private func curve(_ data: ClassifyData, _ partitions: [Partition], _ outcomes: [Task: Outcome]) -> LabelCurve? {
    guard !settings.labelFractions.isEmpty else { return nil }
    let score = data.targets.isMultiLabel ? "mAP" : "accuracy"
    let clips = fractions.map { fraction in
      Scores.mean(
        partitions.map { partition in
          Double(fraction < 1 ? labelled(partition, fraction, data, seed: 0).count : partition.train.count)
        })
    }
    var lines: [LabelCurve.Line] = []
    for row in rowOrder {
      for probe in Self.probes(of: row) where probe != HiddenLayerProbe.name {
        let points = fractions.map { fraction -> Spread in
          let found = outcomes.filter { $0.key.row == row && $0.key.probe == probe && $0.key.fraction == fraction }
            .sorted { ($0.key.partition, $0.key.seed) < ($1.key.partition, $1.key.seed) }
          return Spread(
            found.compactMap { task, outcome in
              let scores = scores(outcome, data, partitions[task.partition])
              return data.targets.isMultiLabel ? scores.meanAveragePrecision : scores.accuracy
            })
        }
        lines.append(LabelCurve.Line(row: probe.map { "\(row), \($0)" } ?? row, points: points))
      }
    }
    var curve = LabelCurve(score: score, fractions: fractions, clips: clips, lines: lines)
    curve.crossing = curve.crossing(of: LabelCurve.supervised, over: "probe, \(LinearProbe.name)")
    return curve
  }

  private func facts(_ data: ClassifyData) -> EvaluationRecord.DataFacts {
    .init(clips: data.clips.count, classes: data.targets.names, digest: data.digest, leftOut: data.leftOut)
  }

  private func title(_ partitions: [Partition]) -> String {
    var name = settings.data
    while name.count > 1, name.hasSuffix("/") { name.removeLast() }
    let folds = settings.testFolds.isEmpty ? "" : ", test fold \(settings.testFolds.joined(separator: "+"))"
    let label =
      settings.reading.labelPattern.map { ", labels \($0)" } ?? settings.reading.labelColumn.map { ", labels \($0)" }
    let fold =
      settings.reading.foldPattern.map { ", folds \($0)" } ?? settings.reading.foldColumn.map { ", folds \($0)" }
    return Files.name(name) + folds + (label ?? "") + (fold ?? "")
  }

  private func lines(_ data: ClassifyData, _ method: String) -> [String] {
    var lines = [
      method,
      "each clip at its own length, 16 kHz mono, at most \(SoundReader.mostSeconds) s; embeddings are not normalised",
      data.targets.isMultiLabel
        ? "several labels a clip: mAP, AUC and d′ are means over classes that have test clips of both kinds"
        : "one label a clip: accuracy; mAP, AUC and d′ are one class against the rest, means over classes",
      "validation share: \(Int(Partition.validationShare * 100)) % of the training clips of each class, by seed and name",
    ]
    let used = Set(rowOrder.flatMap(Self.probes).compactMap { $0 })
    lines += BuiltInProbes.filter { used.contains($0.name) }.map { $0.description }
    if settings.rows.contains(.untrained) {
      lines.append("untrained: the same network with its initial weights, another draw for each seed")
    }
    if settings.rows.contains(.logMel) {
      lines.append(
        "log-mel: mean and deviation over time of \(LogMelStatistics.bands) mel bands of the same spectrogram")
    }
    if settings.rows.contains(.supervised) {
      let c = settings.supervised
      lines.append(
        "supervised: the same network from random weights with one linear layer, labels alone; sounds padded or cut to one length; Adam \(c.learningRate), cosine, batches of \(c.batchSize), \(c.epochs) epochs and \(Self.leastSteps) steps at least; the epoch with the least validation loss"
      )
    }
    for feature in settings.features {
      lines.append("\(feature.name): vectors of another system, mean over time, same folds and probes")
    }
    lines.append("± is the sample deviation over folds and \(settings.seeds) seeds")
    return lines
  }

  // MARK: For outside judges

  private func save(_ data: ClassifyData, _ partitions: [Partition], _ outcomes: [Task: Outcome], to path: String)
    throws
  {
    struct Share: Encodable {
      var name: String
      var seed: Int
      var fit: [Int]
      var validation: [Int]
      var test: [Int]
    }
    var tensors = NamedTensors()
    let count = data.clips.count
    try tensors.add(
      "targets",
      Tensor(shape: [count, data.targets.names.count], floats: data.targets.matrix(Array(data.clips.indices))))
    for (row, seeds) in data.features.sorted(by: { $0.key < $1.key }) {
      for (seed, rows) in seeds.enumerated() {
        try tensors.add("features/\(row)/\(seed)", Tensor(shape: [count, rows.width], floats: rows.values))
      }
    }
    for (task, outcome) in outcomes where task.fraction == 1 {
      let test = partitions[task.partition].test.count
      try tensors.add(
        "scores/\(task.name)/\(partitions[task.partition].name)/\(task.seed)",
        Tensor(shape: [test, data.targets.names.count], floats: outcome.scores))
    }
    let shares = partitions.indices.flatMap { number in
      (0..<settings.seeds).map { seed -> Share in
        let task = Task(row: "", probe: nil, partition: number, seed: seed, fraction: 1)
        let cut = share(task, data, partitions)
        return Share(
          name: partitions[number].name, seed: seed, fit: cut.fit, validation: cut.validation,
          test: partitions[number].test)
      }
    }
    try Files.makeFolder(Files.parent(path))
    let file = try OutputFile(path)
    try SafetensorsFile.write(
      tensors,
      metadata: [
        "names": try CanonicalJSON.text(data.names), "classes": try CanonicalJSON.text(data.targets.names),
        "partitions": try CanonicalJSON.text(shares),
      ], to: file)
    try file.commit()
  }
}

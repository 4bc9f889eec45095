import Basics
import Corpus
import Evaluation
import Media

/// Builds the parts of the record from the outcomes of a classification.
extension ClassifyEvaluation {
  private func scores(_ outcome: Outcome, _ data: ClassifyData, _ partition: Partition) -> ClassificationScores {
    ClassificationScores(
      scores: outcome.scores, targets: data.targets.matrix(partition.test), classes: data.targets.names.count,
      isMultiLabel: data.targets.isMultiLabel)
  }

  func table(
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

  /// The chance row: always the most frequent label of the training clips, which gives each class's share of the test
  /// clips as its average precision.
  private func chance(_ data: ClassifyData, _ partitions: [Partition]) -> ScoreRow {
    var values: [String: [Double]] = [:]
    for partition in partitions {
      var counts = [Int](repeating: 0, count: data.targets.names.count)
      for label in partition.train.flatMap({ data.targets.classes[$0] }) { counts[label] += 1 }
      let frequent = counts.indices.max { (counts[$0], -$0) < (counts[$1], -$1) } ?? 0
      let test = data.targets.matrix(partition.test)
      let scores = partition.test.flatMap { _ in data.targets.names.indices.map { Float($0 == frequent ? 1 : 0) } }
      // All scores of a class are equal, because the guess is constant: its average precision is the class's share.
      let guess = ClassificationScores(
        scores: scores, targets: test, classes: data.targets.names.count, isMultiLabel: data.targets.isMultiLabel)
      for (name, value) in Self.named(guess) { values[name, default: []].append(value) }
    }
    return ScoreRow("always the most frequent", .chance, scores: values.mapValues { Spread($0) })
  }

  func confusion(_ data: ClassifyData, _ partitions: [Partition], _ outcomes: [Task: Outcome])
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

  func curve(_ data: ClassifyData, _ partitions: [Partition], _ outcomes: [Task: Outcome]) -> LabelCurve? {
    guard !settings.labelFractions.isEmpty else { return nil }
    let score = data.targets.isMultiLabel ? "mAP" : "accuracy"
    let clips = fractions.map { fraction in
      Scores.mean(
        partitions.map { partition in
          Double(fraction < 1 ? labeled(partition, fraction, data, seed: 0).count : partition.train.count)
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

  func facts(_ data: ClassifyData) -> EvaluationRecord.DataFacts {
    .init(clips: data.clips.count, classes: data.targets.names, digest: data.digest, leftOut: data.leftOut)
  }

  func title(_ partitions: [Partition]) -> String {
    let folds = settings.testFolds.isEmpty ? "" : ", test fold \(settings.testFolds.joined(separator: "+"))"
    let label =
      settings.reading.labelPattern.map { ", labels \($0)" } ?? settings.reading.labelColumn.map { ", labels \($0)" }
    let fold =
      settings.reading.foldPattern.map { ", folds \($0)" } ?? settings.reading.foldColumn.map { ", folds \($0)" }
    return DataTitle.of(settings.data) + folds + (label ?? "") + (fold ?? "")
  }

  /// What is tested: the data's own split, one fold, or all folds in turn.
  static func split(_ partitions: [Partition]) -> String? {
    guard let first = partitions.first, partitions.count == 1 else { return "\(partitions.count) folds in turn" }
    return Corpus.Split(rawValue: first.name) == nil ? "fold \(first.name)" : first.name
  }

  func lines(_ data: ClassifyData, _ method: String) -> [String] {
    var lines = [
      method,
      "each clip at its own length, 16 kHz mono, at most \(AudioLoader.Use.clip.mostSeconds) s (of a manifest's rows at most \(ClipLength.usual) s); embeddings are not normalized",
      data.targets.isMultiLabel
        ? "several labels a clip: mAP, AUC and d′ are means over classes that have test clips of both kinds"
        : "one label a clip: accuracy; mAP, AUC and d′ are one class against the rest, means over classes",
      "validation share: \(Int(Partition.validationShare * 100)) % of the training clips of each class, by seed and name",
    ]
    let used = Set(rowOrder.flatMap(Self.probes).compactMap { $0 })
    lines += builtInProbes.filter { used.contains($0.name) }.map { $0.description }
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
        "supervised: the same network from random weights with one linear layer, labels alone; audio padded or cut to one length; Adam \(c.learningRate), cosine, batches of \(c.batchSize), \(c.epochs) epochs and \(SupervisedBaseline.leastSteps) steps at least; the epoch with the least validation loss"
      )
    }
    for feature in settings.features {
      lines.append("\(feature.name): embeddings of another system, mean over time, same folds and probes")
    }
    lines.append("± is the sample deviation over folds and \(settings.seeds) seeds")
    return lines
  }
}

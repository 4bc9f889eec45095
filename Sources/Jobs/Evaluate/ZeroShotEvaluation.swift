import Basics
import CLIP
import Corpus
import Training
import Evaluation
import Foundation
import Kernels
import Media
import Shards

/// The settings of `pipeline evaluate zero-shot`.
package struct ZeroShotSettings: Sendable {
  /// A directory, a table, or a directory of training shards.
  package var data = ""
  package var reading = EvaluationClips.Reading()
  package var split: Split?
  /// A file of class embeddings; nil makes them from the labels with `clip`.
  package var text: String?
  package var clip: String?
  package var activation: GELUKind?
  package var tokenizer: String?
  package var prompts: Prompts?
  package var trainingShards: String?
  package var jobs = 1
  package var threads = 1
  package var workerCommand: WorkerLaunch = []

  package init() {}
}

/// Assigns each audio clip the class with the nearest embedding, without training on the data.
enum ZeroShotEvaluation {
  static func run(
    _ settings: ZeroShotSettings, student: EvaluatedModel, progress: WorkReport
  ) throws -> EvaluationRecord {
    let threads = WorkerThreads(settings.threads)
    defer { threads.stop() }
    let named = try settings.text.map { try ClassEmbeddings($0, width: student.model.width) }
    let content =
      isShards(settings.data)
      ? try Content(
        HeldClips(settings.data, split: settings.split, student, threads: threads, progress: progress), settings.data)
      : try Content(settings, student, threads, progress)
    let text = try named ?? made(settings, Set(content.labels.joined()).sorted(), student, threads)
    let usable = content.labels.indices.filter { text.places(content.labels[$0]).contains { $0 != nil } }
    guard !usable.isEmpty else {
      throw Failure.noCommonLabels(
        settings.text ?? settings.clip ?? "", label: content.labels.first?.first ?? "", names: text.labels)
    }
    var leftOut = content.leftOut
    let unnamed = Set(content.labels.joined()).subtracting(text.labels).sorted()
    if !unnamed.isEmpty {
      leftOut.append("labels without a class embedding: \(unnamed.joined(separator: ", "))")
    }
    let targets = usable.map { Set(text.places(content.labels[$0]).compactMap { $0 }) }
    let record = EvaluationRecord(
      kind: "zero-shot", title: content.title,
      data: .init(clips: usable.count, classes: text.labels, digest: content.digest, leftOut: leftOut),
      of: student, split: content.split?.rawValue, scored: usable.count,
      method: [
        "cosine similarity between a clip's embedding and each class embedding; nothing is trained on these clips",
        "the class embeddings, their order and their prompt are stored with the scores",
      ], tables: [table(content, usable, targets, text)])
    var complete = record
    complete.prompts = text.facts
    complete.warnings = content.warnings
    return complete
  }

  /// Class embeddings of the data's labels, made by a CLIP model.
  private static func made(
    _ settings: ZeroShotSettings, _ labels: [String], _ student: EvaluatedModel, _ threads: WorkerThreads
  ) throws -> ClassEmbeddings {
    guard let path = settings.clip else { throw Failure.noClassEmbeddings }
    let model = try CLIPModel(path, activation: settings.activation)
    let embedder = try TextEmbedder(model, tokenizer: settings.tokenizer, backend: FastBackend(), threads: threads)
    return try ClassEmbeddings(
      labels, embedder, settings.prompts ?? Prompts(), model: "\(model.name) \(model.gelu.rawValue)", path: path,
      width: student.model.width)
  }

  private static func table(_ content: Content, _ usable: [Int], _ targets: [Set<Int>], _ text: ClassEmbeddings)
    -> ScoreTable
  {
    let classes = text.labels.count
    let (audioClips, words) = (
      UnitRows(content.audio.rows(usable), width: text.width),
      UnitRows(text.values, width: text.width)
    )
    let scores = Retrieval.similarities(queries: audioClips, gallery: words)
    let wanted = targets.flatMap { members in (0..<classes).map { Float(members.contains($0) ? 1 : 0) } }
    let isMultiLabel = targets.contains { $0.count > 1 }
    let found = ClassificationScores(scores: scores, targets: wanted, classes: classes, isMultiLabel: isMultiLabel)
    let guess = ClassificationScores(
      scores: [Float](repeating: 0, count: scores.count), targets: wanted, classes: classes, isMultiLabel: isMultiLabel)
    var (values, chance): ([String: Spread], [String: Spread]) = ([:], [:])
    if let accuracy = found.accuracy {
      values["accuracy"] = Spread([accuracy])
      chance["accuracy"] = Spread([1 / Double(classes)])
    }
    for (name, path) in [
      ("mAP", \ClassificationScores.meanAveragePrecision), ("AUC", \.areaUnderCurve), ("d′", \.dPrime),
    ] {
      values[name] = Spread([found[keyPath: path]])
      chance[name] = Spread([guess[keyPath: path]])
    }
    return ScoreTable(
      title: "\(usable.count) clips, \(classes) classes",
      columns: (isMultiLabel ? [] : ["accuracy"]) + ["mAP", "AUC", "d′"],
      rows: [ScoreRow("zero-shot", scores: values), ScoreRow("chance", .chance, scores: chance)])
  }

  private static func isShards(_ data: String) -> Bool {
    guard Files.isDirectory(data), let names = try? Files.names(in: data) else { return false }
    return names.contains { TrainingShard.parse($0) != nil }
  }

  /// Embedded audio clips with their labels.
  private struct Content {
    var title: String
    var split: Split?
    var labels: [[String]]
    var audio: UnitRows
    var digest: Digest
    var leftOut: [String] = []
    var warnings: [String] = []

    init(_ clips: HeldClips, _ directory: String) throws {
      guard let labels = clips.labels else { throw Failure.nothingLabeled(directory, []) }
      (title, split) = (clips.name, clips.split)
      self.labels = labels.map { [$0] }
      audio = clips.audio
      digest = clips.digest
      warnings = clips.warnings
    }

    init(
      _ settings: ZeroShotSettings, _ student: EvaluatedModel, _ threads: WorkerThreads,
      _ progress: WorkReport
    ) throws {
      var classify = ClassifySettings()
      (classify.data, classify.reading, classify.rows) = (settings.data, settings.reading, [.probe])
      (classify.trainingShards, classify.jobs) = (settings.trainingShards, settings.jobs)
      classify.workerCommand = settings.workerCommand
      let data = try ClassifyData(classify, student, threads: threads, progress: progress)
      let name = DataTitle.of(settings.data)
      let chosen = data.clips.indices.filter { settings.split == nil || data.clips[$0].split == settings.split }
      guard !chosen.isEmpty else { throw Failure.emptyShare(settings.split?.rawValue ?? "", name) }
      split = settings.split
      title = name + (settings.split.map { ", \($0.rawValue)" } ?? "")
      labels = chosen.map { data.clips[$0].labels }
      let rows = data.features[ClassifySettings.Row.probe.rawValue]?.first?.rows(chosen)
      audio = UnitRows(rows?.values ?? [], width: student.model.width)
      digest = data.digest
      leftOut = data.leftOut
      warnings = [data.overlapWarning(chosen), data.silenceWarning].compactMap(\.self)
    }
  }
}

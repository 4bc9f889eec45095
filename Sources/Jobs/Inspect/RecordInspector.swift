import Basics
import Evaluation
import Foundation
import Runs
import Training

/// JSON records that this tool writes: a run's description, its log, its scores, the list of what was left out.
enum RecordInspector: Inspector {
  static let kind = "record in JSON"

  private static let mostBytes = 1 << 28

  static func recognizes(_ path: String) -> Bool {
    !Files.isDirectory(path) && ["json", "jsonl"].contains(Files.ending(Files.name(path)))
  }

  /// The first line of a file; nil for a file that cannot be read, or whose first line is longer than in any record.
  static func firstLine(_ path: String) -> [UInt8]? {
    guard let file = try? InputFile(path), let size = try? file.size, size > 0,
      let start = try? file.read(at: 0, count: min(size, 1 << 20))
    else { return nil }
    return start.split(separator: 0x0A, maxSplits: 1).first.map(Array.init)
  }

  static func inspect(_ path: String, _ context: InspectionContext) throws -> Inspection {
    var inspection = Inspection()
    let directory = Files.parent(path)
    switch Files.name(path) {
    case "run.json":
      inspection = try RunFacts.inspection(directory)
    case "metrics.jsonl":
      let lines = MetricsLog.lines(path)
      inspection.kind = "log of a training"
      inspection.sections = [.init("log", [("steps", "\(lines.last?.step ?? 0)"), ("lines", "\(lines.count)")])]
      inspection.suggest("report", "--run", Files.name(directory))
    case EvaluationFile.name:
      inspection.kind = "scores"
      for record in try EvaluationFile(reading: path).evaluations {
        guard let headline = record.headline else { continue }
        let chance = headline.chance.map { ", chance \(EvaluationText.number($0))" } ?? ""
        inspection.sections.append(
          .init(
            "\(record.kind): \(record.title)",
            [
              ("\(headline.row), \(headline.score)", "\(EvaluationText.number(headline.value))\(chance)"),
              ("of", EvaluationText.subject(record)),
            ]))
      }
      inspection.suggest("report", "--run", Files.name(directory))
    default:
      try describe(path, &inspection)
    }
    try inspection.addFile(path, [])
    return inspection
  }

  /// Other JSON: the top-level keys and the number of lines.
  private static func describe(_ path: String, _ inspection: inout Inspection) throws {
    let isLines = Files.ending(Files.name(path)) == "jsonl"
    let bytes = try Files.read(path, limit: mostBytes)
    let lines = isLines ? bytes.split(separator: 0x0A) : [bytes[...]]
    var keys: Set<String> = []
    for (number, line) in lines.enumerated() {
      guard let value = try? JSONSerialization.jsonObject(with: Data(line)) else {
        throw Failure.damagedLine(path, number + 1)
      }
      if let object = value as? [String: Any] { keys.formUnion(object.keys) }
    }
    var facts = [("keys", keys.sorted().prefix(40).joined(separator: ", "))]
    if isLines { facts.insert(("lines", "\(lines.count)"), at: 0) }
    inspection.sections = [.init("content", facts.map { (key: $0.0, value: $0.1) })]
    if isLines, keys.contains("id"), !keys.contains("findings") {
      inspection.kind = "manifest in JSON lines"
      inspection.suggest("prepare", "VIDEOS", "--manifest", path)
    } else if keys.contains("findings") {
      inspection.kind = "clips that were left out"
      inspection.suggest("status", "--quarantine")
      inspection.suggest("reasons")
    }
  }
}

/// The description of a run's directory.
enum RunFacts {
  static func inspection(_ directory: String) throws -> Inspection {
    let run = try RunDirectory(directory)
    var inspection = Inspection()
    inspection.kind = "run"
    let description = run.description
    let clips = description.clips.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    var facts = [
      ("run", run.title), ("trained last", TrainedTime.text(run.trained)), ("clips", clips),
      ("steps", "\(run.lines.last?.step ?? 0)"), ("loss", description.configuration.loss),
      ("teacher", description.teacher ?? "not stated"), ("started from", description.start),
      ("checkpoints", run.checkpoints.steps.map { "step \($0)" }.joined(separator: ", ")),
    ]
    if let best = run.epochs.compactMap(\.validationLoss).min() { facts.append(("best validation loss", "\(best)")) }
    inspection.sections = [.init("run", facts.map { (key: $0.0, value: $0.1) })]
    let name = run.givenName ?? description.name
    for words in [["export", "weights.bin"], ["evaluate", "retrieve"], ["report"]] {
      inspection.suggest(words + ["--run", name])
    }
    return inspection
  }
}

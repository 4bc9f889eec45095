import Basics
import Evaluation
import Foundation
import Runs
import Training

/// Two runs side by side: their differences, their progress and their results.
package struct RunComparison: Sendable {
  /// A name with both values.
  package struct Difference: Sendable, Equatable {
    package var kind: String
    package var name: String
    package var first: String
    package var second: String
  }

  /// A score that both runs have.
  package struct Score: Sendable {
    package var evaluation: String
    package var row: String
    package var score: String
    package var first: Spread
    package var second: Spread
    package var difference: Double { second.mean - first.mean }
  }

  package let first: String
  package let second: String
  package private(set) var differences: [Difference] = []
  /// How far each run got and its lowest losses; a dash for what one of them lacks.
  package private(set) var progress: [Difference] = []
  package private(set) var scores: [Score] = []
  private let curves: [LinePlot]

  init(_ firstName: String, _ secondName: String, runs: String) throws {
    let (a, b) = (try RunDirectory.named(firstName, in: runs), try RunDirectory.named(secondName, in: runs))
    (first, second) = (a.title, b.title)
    curves = zip(a.curves(named: first), b.curves(named: second)).map { x, y in
      LinePlot(title: x.title, x: "step", y: x.y, lines: x.lines + y.lines)
    }
    compare("parameter", try Self.parameters(a.description), try Self.parameters(b.description))
    let data = { (run: RunDirectory) in
      ["digest": run.description.data.short, "teacher": run.description.teacher ?? "not stated"]
        .merging(run.description.clips.map { ("\($0.key) clips", "\($0.value)") }) { $1 }
    }
    compare("data", data(a), data(b))
    compare("tool", a.description.toolchain, b.description.toolchain)
    progress = Self.progress(a, b)
    try compareScores(
      EvaluationFile(reading: "\(a.directory)/\(EvaluationFile.name)"),
      EvaluationFile(reading: "\(b.directory)/\(EvaluationFile.name)"))
  }

  private mutating func compare(_ kind: String, _ a: [String: String], _ b: [String: String]) {
    for name in Set(a.keys).union(b.keys).sorted() where a[name] != b[name] {
      differences.append(
        Difference(kind: kind, name: name, first: a[name] ?? "-", second: b[name] ?? "-"))
    }
  }

  private static func progress(_ a: RunDirectory, _ b: RunDirectory) -> [Difference] {
    let four = { (value: Double?) in value.map { String(format: "%.4f", $0) } }
    let best = { (run: RunDirectory) in run.epochs.compactMap(\.validationLoss).min() }
    let rows: [(String, (RunDirectory) -> String?)] = [
      ("trained last", { TrainedTime.text($0.trained) }),
      ("epochs", { "\(($0.epochs.map(\.epoch).max() ?? -1) + 1)" }),
      ("steps", { "\($0.steps.last?.step ?? 0)" }),
      ("first loss", { four($0.steps.first?.loss) }),
      ("last loss", { four($0.steps.last?.loss) }),
      ("lowest loss of an epoch", { four($0.epochs.map(\.loss).min()) }),
      ("best validation loss", { four(best($0)) }),
      (
        "after epoch",
        { run in run.epochs.first { $0.validationLoss == best(run) && best(run) != nil }.map { "\($0.epoch + 1)" } }
      ),
    ]
    return rows.map { name, value in
      Difference(kind: "progress", name: name, first: value(a) ?? "-", second: value(b) ?? "-")
    }
  }

  private static func parameters(_ run: RunDescription) throws -> [String: String] {
    var values = try run.configuration.values()
    if values.removeValue(forKey: "initialWeights") != nil { values["start from"] = run.start }
    return values
  }

  private mutating func compareScores(_ a: EvaluationFile, _ b: EvaluationFile) throws {
    for record in a.latest {
      guard let other = b.latest.first(where: { $0.question == record.question }) else { continue }
      for (table, otherTable) in zip(record.tables, other.tables) {
        for row in table.rows where row.origin == .measured {
          guard let otherRow = otherTable.rows.first(where: { $0.name == row.name }) else { continue }
          for column in table.columns {
            guard !["queries", "gallery"].contains(column), let x = row.scores[column], let y = otherRow.scores[column]
            else { continue }
            scores.append(
              Score(
                evaluation: Self.name(record, other), row: row.name, score: column, first: x, second: y)
            )
          }
        }
      }
    }
  }

  private static func name(_ a: EvaluationRecord, _ b: EvaluationRecord) -> String {
    var notes: [String] = []
    if let x = a.step, let y = b.step { notes.append(x == y ? "both at step \(x)" : "step \(x) against step \(y)") }
    if a.data.digest != b.data.digest { notes.append("other data") }
    return "\(a.kind): \(a.title)" + (notes.isEmpty ? "" : " (\(notes.joined(separator: ", ")))")
  }

  var page: String {
    let kinds = ["progress", "parameter", "data", "tool"]
    let tables = kinds.compactMap { kind -> DataTable? in
      let rows = (progress + differences).filter { $0.kind == kind }
      guard !rows.isEmpty else { return nil }
      return DataTable(
        title: kind, heading: ["name", first, second],
        rows: rows.map { DataTable.Row([$0.name, $0.first, $0.second]) },
        cells: .code)
    }
    let evaluations = scores.reduce(into: [String]()) { if $0.last != $1.evaluation { $0.append($1.evaluation) } }
    return ComparePage.html(
      CompareContent(
        first: first, second: second, differences: tables, curves: curves,
        scores: evaluations.map { name in
          DataTable(
            title: name, heading: ["row", "score", first, second, "difference"],
            rows: scores.filter { $0.evaluation == name }.map { score in
              DataTable.Row([
                score.row, score.score, EvaluationText.cell(score.first), EvaluationText.cell(score.second),
                Self.signed(score.difference),
              ])
            })
        }))
  }

  package static func signed(_ value: Double) -> String {
    String(format: "%+.3f", value)
  }
}

/// Compares two runs, and optionally writes the comparison as a page.
package struct CompareJob: Sendable {
  package enum Event: Sendable {
    case compared(RunComparison)
    case written(path: String, bytes: Int)
  }

  package let first: String
  package let second: String
  /// The directory with the runs.
  package let runs: String

  package init(_ first: String, _ second: String, runs: String) {
    (self.first, self.second, self.runs) = (first, second, runs)
  }

  /// - Parameter path: the file of the page; nil writes none.
  /// - Throws: `run.unknown`; `Failure` when the page cannot be written.
  package func run(to path: String?, _ events: (Event) -> Void) throws {
    let comparison = try RunComparison(first, second, runs: runs)
    events(.compared(comparison))
    guard let path else { return }
    let page = comparison.page
    try Files.makeDirectory(Files.parent(path))
    try Files.write(page, to: path)
    events(.written(path: path, bytes: page.utf8.count))
  }
}

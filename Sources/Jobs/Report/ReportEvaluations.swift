import Basics
import Evaluation

/// A run's evaluations as a report shows them.
enum ReportEvaluations {
  /// - Parameter clips: provides the audio of captioned clips.
  static func parts(_ directory: String, _ clips: ReportClips) throws -> [ReportContent.EvaluationPart] {
    try EvaluationFile(reading: "\(directory)/\(EvaluationFile.name)").evaluations.map { record in
      var part = part(record)
      part.captions = (record.examples ?? []).map { example in
        .init(
          clips.clip(example.clip), sentences: example.sentences.map { ($0.row, $0.text) },
          references: example.references)
      }
      return part
    }
  }

  private static func part(_ record: EvaluationRecord) -> ReportContent.EvaluationPart {
    var part = ReportContent.EvaluationPart(
      title: "\(record.kind): \(record.title)",
      facts: "\(EvaluationText.subject(record)); \(EvaluationText.facts(record.data))")
    part.warnings = record.warnings + (record.headline?.cautions ?? [])
    part.tables = record.tables.map(table)
    if let curve = record.curve {
      part.tables.append(table(EvaluationText.cells(curve)))
      part.curve = LinePlot(
        title: "\(curve.score) by share of labels", x: "share of the labels, %", y: curve.score,
        lines: curve.lines.map { line in
          LinePlot.Line(
            line.row, zip(curve.fractions, line.points).map { .init(100 * $0, $1.mean) },
            spreads: line.points.map { $0.deviation ?? 0 })
        }, isLogarithmic: true)
      part.curveText = EvaluationText.crossing(curve)
    }
    part.confusions = record.confusion.map {
      ConfusionPlot(title: $0.row, labels: $0.matrix.labels, counts: $0.matrix.counts)
    }
    part.method = record.method
    part.notComputed = record.notComputed ?? []
    if let prompts = record.prompts {
      part.method.append(
        "prompt: \(prompts.prompt ?? "not stated"); labels in order: \(prompts.labels.joined(separator: ", "))")
    }
    for row in record.tables.flatMap(\.rows) {
      if let source = row.source { part.method.append("\(row.name): published in \(source)") }
    }
    part.method += record.data.leftOut.prefix(5).map { "not used: \($0)" }
    if record.data.leftOut.count > 5 { part.method.append("not used: \(record.data.leftOut.count - 5) more") }
    return part
  }

  private static func table(_ table: ScoreTable) -> DataTable {
    let cells = EvaluationText.cells(table)
    return DataTable(
      title: table.title, heading: ["row"] + table.columns,
      rows: zip(table.rows, cells.dropFirst()).map { row, cells in
        DataTable.Row([row.name] + cells.dropFirst(), style: row.origin == .measured ? "" : row.origin.rawValue)
      })
  }

  private static func table(_ cells: [[String]]) -> DataTable {
    DataTable(
      title: cells[0][0], heading: [""] + cells[0].dropFirst(), rows: cells.dropFirst().map { DataTable.Row($0) })
  }
}

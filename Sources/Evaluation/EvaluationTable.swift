import Basics

/// Evaluations as one table in comma-separated text, with one line per score: what was scored, the row and column in
/// the score tables, the mean, the sample deviation over folds and seeds, and the number of values.
package enum EvaluationTable {
  private static let columns = [
    "kind", "data", "split", "run", "step", "weights", "clips", "table", "row", "origin", "score", "mean", "deviation",
    "values",
  ]

  package static func bytes(_ file: EvaluationFile) -> [UInt8] {
    var text = CommaSeparatedText(columns: columns)
    for record in file.evaluations {
      let clips = record.scored ?? record.data.clips
      let subject = [
        record.kind, record.title, record.split, record.run, record.step.map(String.init), record.weights?.hex,
        "\(clips)",
      ]
      for table in record.tables {
        for row in table.rows {
          for column in table.columns {
            guard let score = row.scores[column] else { continue }
            text.add(
              subject + [
                table.title, row.name, row.origin.rawValue, column, "\(score.mean)", score.deviation.map { "\($0)" },
                "\(score.values.count)",
              ])
          }
        }
      }
    }
    return text.bytes
  }
}

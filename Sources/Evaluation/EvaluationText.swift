import Basics
import Corpus
import Foundation

/// Evaluations as text tables: for a terminal, and in Markdown.
package enum EvaluationText {
  /// Decimals of columns with counts and ranks, which are not shares.
  private static let decimals = [
    "queries": 0, "gallery": 0, "median rank": 1, "vocabulary": 0, "mean length": 1, "distinct": 0,
  ]

  /// `0.850 ± 0.012`, or a dash.
  package static func cell(_ spread: Spread?, decimals: Int = 3) -> String {
    guard let spread else { return "-" }
    let deviation = spread.deviation.map { " ± \(String(format: "%.\(decimals)f", $0))" } ?? ""
    return number(spread.mean, decimals: decimals) + deviation
  }

  /// A value that would show as zero but is not, such as chance in a large gallery, is shown by its first digits.
  package static func number(_ value: Double, decimals: Int = 3) -> String {
    if decimals > 0, value > 0, value < 0.5 * power(0.1, decimals) { return String(format: "%.1e", value) }
    let text = String(format: "%.\(decimals)f", value)
    return text.hasPrefix("-") && !text.contains(where: { ("1"..."9").contains($0) }) ? String(text.dropFirst()) : text
  }

  /// What was scored: `run 0123456789ab, step 40, weights 0123456789ab, test split, 40 clips`.
  package static func subject(_ record: EvaluationRecord) -> String {
    var parts: [String] = []
    if let run = record.run { parts.append("run \(run)") }
    if let step = record.step { parts.append("step \(step)") }
    parts.append(record.weights.map { "weights \($0.short)" } ?? "no weights")
    parts.append(record.split.map { Split(rawValue: $0) == nil ? $0 : "\($0) split" } ?? "all of the data")
    let clips = record.scored ?? record.data.clips
    parts.append("\(counted(clips, "clip")) scored")
    return parts.joined(separator: ", ")
  }

  /// The rows of cells; the first is the heading.
  package static func cells(_ table: ScoreTable) -> [[String]] {
    [[table.title] + table.columns]
      + table.rows.map { row in
        [name(row)] + table.columns.map { cell(row.scores[$0], decimals: decimals[$0] ?? 3) }
      }
  }

  private static func name(_ row: ScoreRow) -> String {
    switch row.origin {
    case .measured, .chance: row.name
    case .published: "\(row.name) (published, not computed)"
    }
  }

  /// `2 clips, data 0123456789ab`, with the number of classes if there are any.
  package static func facts(_ data: EvaluationRecord.DataFacts) -> String {
    let classes = data.classes.isEmpty ? "" : ", \(data.classes.count) classes"
    return "\(data.clips) clips\(classes), data \(data.digest.short)"
  }

  /// The rows of cells of a curve.
  package static func cells(_ curve: LabelCurve) -> [[String]] {
    [["\(curve.score) by share of labels"] + curve.fractions.map { "\(number($0 * 100, decimals: 1)) %" }]
      + [["labeled clips"] + curve.clips.map { number($0, decimals: 0) }]
      + curve.lines.map { line in [line.row] + line.points.map { cell($0) } }
  }

  package static func crossing(_ curve: LabelCurve) -> String? {
    guard curve.lines.contains(where: { $0.row == LabelCurve.supervised }) else { return nil }
    return curve.crossing.map {
      "the supervised network overtakes the frozen one at \(number($0 * 100, decimals: 1)) % of the labels"
    } ?? "the supervised network does not overtake the frozen one within these shares"
  }

  package static func markdown(_ file: EvaluationFile) -> String {
    var lines = ["# Evaluation", ""]
    for record in file.evaluations { lines += markdown(record) }
    return lines.joined(separator: "\n")
  }

  private static func markdown(_ record: EvaluationRecord) -> [String] {
    var lines = ["## \(record.kind): \(escaped(record.title))", ""]
    lines += ["\(escaped(subject(record))).", "", "\(facts(record.data)).", ""]
    for warning in record.warnings { lines += ["**Warning:** \(escaped(warning))", ""] }
    for table in record.tables { lines += markdown(cells(table)) + [""] }
    if let curve = record.curve {
      lines += markdown(cells(curve)) + [""]
      if let text = crossing(curve) { lines += [text + ".", ""] }
    }
    for row in record.tables.flatMap(\.rows) where row.source != nil {
      lines += ["\(escaped(row.name)): published in \(escaped(row.source ?? "")).", ""]
    }
    if let prompts = record.prompts {
      lines += [
        "Prompt: \(escaped(prompts.prompt ?? "not stated")). Labels in order: \(escaped(prompts.labels.joined(separator: ", "))).",
        "",
      ]
    }
    if let examples = record.examples { lines += markdown(examples) }
    if let missing = record.notComputed {
      lines += ["Not computed:", ""] + missing.map { "- \(escaped($0))" } + [""]
    }
    lines += ["How:", ""] + record.method.map { "- \(escaped($0))" } + [""]
    return lines
  }

  private static func markdown(_ examples: [CaptionExample]) -> [String] {
    examples.flatMap { example in
      ["\(escaped(example.clip)):", ""]
        + example.sentences.map { "- \(escaped($0.row)): \(escaped($0.text))" }
        + example.references.map { "- reference: \(escaped($0))" } + [""]
    }
  }

  private static func markdown(_ rows: [[String]]) -> [String] {
    guard let heading = rows.first else { return [] }
    let line = { (cells: [String]) in "| " + cells.map(escaped).joined(separator: " | ") + " |" }
    return [line(heading), "|" + heading.indices.map { $0 == 0 ? "---|" : "---:|" }.joined()]
      + rows.dropFirst().map(line)
  }

  /// Escapes text so that Markdown shows it literally.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "|", "*", "_", "`", "[", "]", "\\", "#": result += "\\\(character)"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "&": result += "&amp;"
      case "\n", "\r", "\r\n": result += " "
      default: result.append(character)
      }
    }
    return result
  }
}

private func power(_ base: Double, _ exponent: Int) -> Double { (0..<exponent).reduce(1) { value, _ in value * base } }

extension LabelCurve {
  /// The name of the row trained from labels alone.
  package static let supervised = "supervised"
}

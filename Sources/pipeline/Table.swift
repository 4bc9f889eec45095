/// Aligned columns that fit the terminal they are printed to.
struct Table {
  private var rows: [[String]] = []
  private var hasHeading = false

  mutating func add(_ cells: String...) { rows.append(cells) }

  mutating func add(row cells: [String]) { rows.append(cells) }

  /// The first row: the names of the columns.
  mutating func addHeading(_ cells: String...) { addHeading(row: cells) }

  mutating func addHeading(row cells: [String]) {
    rows.insert(cells, at: 0)
    hasHeading = true
  }

  var text: String { text(width: .max) }

  /// - Parameter columns: the width of the terminal. If rows are wider, their last cells are wrapped; if too little
  ///   room remains for them, each cell gets its own line.
  func text(width columns: Int) -> String {
    let count = rows.map(\.count).max() ?? 0
    let widths = (0..<count).map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
    let before = widths.dropLast().reduce(0) { $0 + $1 + 2 }
    guard before + (widths.last ?? 0) > columns else { return lines(widths, last: .max) }
    return columns - before >= Self.leastLast ? lines(widths, last: columns - before) : stacked(columns)
  }

  /// The fewest characters for a wrapped last column.
  private static let leastLast = 24

  private func lines(_ widths: [Int], last: Int) -> String {
    rows.map { row in
      row.enumerated().map { column, cell in
        guard column == row.count - 1 else { return cell + String(repeating: " ", count: widths[column] - cell.count) }
        guard column == widths.count - 1, cell.count > last else { return cell }
        let indent = String(repeating: " ", count: widths.dropLast().reduce(0) { $0 + $1 + 2 })
        return TextWrapping.lines(cell, width: last).joined(separator: "\n\(indent)")
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }

  private func stacked(_ columns: Int) -> String {
    let heading = hasHeading ? rows.first ?? [] : []
    return rows.dropFirst(hasHeading ? 1 : 0).map { row in
      row.enumerated().map { column, cell in
        if column == 0 { return TextWrapping.wrapped(cell, width: columns) }
        let name = column < heading.count && !heading[column].isEmpty ? "\(heading[column]): " : ""
        return cell.isEmpty ? "" : TextWrapping.wrapped("  \(name)\(cell)", width: columns, indent: 4)
      }.filter { !$0.isEmpty }.joined(separator: "\n")
    }.joined(separator: "\n")
  }
}

/// Text broken between words into lines that fit the terminal.
enum TextWrapping {
  /// - Parameter indent: spaces before all lines but the first.
  static func wrapped(_ text: String, width: Int, indent: Int = 0) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      guard line.count > width else { return String(line) }
      let lead = String(line.prefix { $0 == " " })
      let rest = lines(String(line.dropFirst(lead.count)), width: max(8, width - max(lead.count, indent)))
      return rest.enumerated().map { place, part in
        (place == 0 ? lead : String(repeating: " ", count: max(lead.count, indent))) + part
      }.joined(separator: "\n")
    }.joined(separator: "\n")
  }

  /// Words longer than a line, such as paths, are not broken, so that they can be copied.
  static func lines(_ text: String, width: Int) -> [String] {
    var (lines, line) = ([String](), "")
    for word in text.split(separator: " ", omittingEmptySubsequences: false) {
      if !line.isEmpty, line.count + 1 + word.count > width {
        lines.append(line)
        line = String(word)
      } else {
        line += (line.isEmpty ? "" : " ") + word
      }
    }
    return lines + [line]
  }
}

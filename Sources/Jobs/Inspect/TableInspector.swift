import Basics
import Corpus

/// A comma-separated table: a manifest of clips, or labels for an evaluation.
enum TableInspector: Inspector {
  static let kind = "table"

  private static let mostBytes = 1 << 28

  static func recognizes(_ path: String) -> Bool {
    !Files.isDirectory(path) && ["csv", "tsv"].contains(Files.ending(Files.name(path)))
  }

  static func inspect(_ path: String, _ context: InspectionContext) throws -> Inspection {
    var inspection = Inspection()
    let records = try CommaSeparated.records(try Files.read(path, limit: mostBytes), source: path)
      .filter { !$0.isEmpty }
    let widths = Set(records.map(\.fields.count))
    inspection.sections = [
      .init(
        "table",
        [
          ("rows", "\(records.count)"), ("columns", widths.sorted().map(String.init).joined(separator: ", ")),
          ("first row", records.first?.fields.joined(separator: " | ") ?? ""),
        ])
    ]
    do {
      let manifest = try Manifest(path: path)
      inspection.kind = "manifest"
      let labels = Set(manifest.rows.compactMap(\.label))
      let splits = Dictionary(grouping: manifest.rows.compactMap(\.split), by: { $0 }).mapValues(\.count)
      inspection.sections.append(
        .init(
          "manifest",
          [
            ("clips", "\(manifest.rows.count)"), ("labels", "\(labels.count)"),
            (
              "splits",
              splits.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key.rawValue)" }.joined(separator: ", ")
            ),
          ]))
      inspection.suggest("prepare", "VIDEOS", "--manifest", path)
    } catch let failure as Failure {
      inspection.warnings.append("no manifest of clips: \(failure.what)")
      inspection.suggest("evaluate", "classify", "--data", path)
    }
    if widths.count > 1 { inspection.warnings.append("rows have different numbers of columns") }
    try inspection.addFile(path, [])
    return inspection
  }
}

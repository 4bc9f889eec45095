import Basics
import Training
import StageGraph

/// How far a run of a workspace has come.
package struct RunSummary: Sendable {
  package var name: String
  package var steps: Int
  /// Of the last line of its log; nil before the first.
  package var loss: Double?
  package var bestValidation: Double?

  /// Of every run that the workspace knows, in the order in which they were trained last.
  package static func all(_ catalog: Catalog) throws -> [RunSummary] {
    struct Detail: Decodable { var folder: String }
    return try catalog.runs().map { row in
      let detail = try CanonicalJSON.decode(
        Detail.self, from: Array(row.detail.utf8), source: "catalog, run \(row.name)")
      let lines = MetricsLog.lines("\(detail.folder)/metrics.jsonl")
      return RunSummary(
        name: row.name, steps: lines.last?.step ?? 0, loss: lines.last?.loss,
        bestValidation: lines.compactMap(\.validationLoss).min())
    }
  }
}

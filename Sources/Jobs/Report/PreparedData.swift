import Corpus
import StageGraph

/// What a report shows of `prepare`'s work, from whoever knows where that keeps it.
package protocol PreparedData {
  /// Nil where there is no workspace.
  var catalog: Catalog? { get }
  /// Of every clip; none where there is no workspace.
  func verdicts() throws -> [ClipVerdict]
  /// Where training shards were put last, or would be.
  func shards() throws -> String
  /// What the last `prepare` in which something ran had to do.
  func work() throws -> StageTimes?
  /// - Parameter shards: the directory that the report looks at.
  func diagram(shards: String) throws -> StageDiagram
  /// FLAC; nil where none is kept.
  func audio(of id: String) -> [UInt8]?
  /// JPEG; nil where none is kept.
  func frame(of id: String) -> [UInt8]?
}

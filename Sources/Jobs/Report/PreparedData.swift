import Corpus
import StageGraph

/// The results of `prepare` that a report shows, provided by a type that knows where they are kept.
package protocol PreparedData {
  /// Nil when there is no workspace.
  var catalog: Catalog? { get }
  /// The verdicts of all clips; empty when there is no workspace.
  func verdicts() throws -> [ClipVerdict]
  /// Where training shards were written last, or would be.
  func shards() throws -> String
  /// The work of the last `prepare` that ran any stage.
  func work() throws -> StageTimes?
  /// - Parameter shards: the directory that the report shows.
  func diagram(shards: String) throws -> StageDiagram
  /// FLAC; nil when none is kept.
  func audio(of id: String) -> [UInt8]?
  /// JPEG; nil when none is kept.
  func frame(of id: String) -> [UInt8]?
}

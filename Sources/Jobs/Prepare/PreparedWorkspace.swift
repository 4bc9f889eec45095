import Basics
import Corpus
import Media
import StageGraph

/// The results of the last `prepare` in a workspace, for code that shows or checks them. Only reads; takes no lock.
package struct PreparedWorkspace {
  /// Nil when there is no workspace; then there are no results.
  package let catalog: Catalog?
  private let store: ArtifactStore?

  package init(_ path: String) throws {
    try self.init(Files.exists("\(path)/catalog.sqlite") ? try Catalog.reader(path) : nil)
  }

  package init(_ catalog: Catalog?) throws {
    self.catalog = catalog
    store = try catalog.map { try ArtifactStore($0) }
  }

  /// The verdicts of all clips from the last `prepare`.
  package func verdicts() throws -> [ClipVerdict] {
    try catalog.map(ClipVerdict.all) ?? []
  }

  /// The directory that training shards were last written to; the default directory if none were written yet.
  package func shards() throws -> String { try catalog?.directory(of: .shards) ?? Self.usualShards }

  /// Which clips are for training, validation and test, as the last `prepare` reported it; nil when no `prepare` wrote
  /// these shards.
  package func splitLine(shards: String) throws -> String? {
    try ShardSetRecord.read(catalog, shards).flatMap { $0.splits.isEmpty ? nil : $0.splits }
  }

  package static let usualShards = PrepareSettings().shards

  /// The work of the last `prepare` that ran any stage; nil when there was none.
  package func work() throws -> StageTimes? { try catalog.flatMap { try StageTimes($0) } }

  package func diagram(shards: String) throws -> StageDiagram { try StageDiagram(shards: shards, catalog) }

  /// A clip's audio as FLAC; nil when the store has none.
  package func audio(of id: String) -> [UInt8]? { artifact(ExtractAudio.name, id, ExtractAudio.output) }

  /// The frame in the middle of the clip as JPEG; nil when the store has none.
  package func frame(of id: String) -> [UInt8]? {
    guard let pack = artifact(ExtractFrames.name, id, ExtractFrames.output), let frames = try? FramePack.decode(pack),
      !frames.isEmpty
    else { return nil }
    return frames[frames.count / 2].jpeg
  }

  private func artifact(_ stage: String, _ id: String, _ output: String) -> [UInt8]? {
    guard let store, let record = try? store.record(of: ActionID(stage: stage, subject: id)),
      let artifact = record.output(output)
    else { return nil }
    return try? store.read(artifact)
  }
}

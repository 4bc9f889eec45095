import Basics
import Corpus
import Shards
import StageGraph

/// What a finished `prepare` says, kept so that the next one can say it again.
package struct PreparedSummary: Codable, Sendable, Equatable {
  package var warnings: [String] = []
  package var notes: [String] = []
  package var rows: [ReasonCount] = []
  package var splits: [String: Int] = [:]
  package var leftOut = 0
  package var shards = 0
  package var pairs: Int { splits.values.reduce(0, +) }

  package init() {}

  /// Enters the clips.
  package mutating func add(_ prepared: PreparedPairs) {
    leftOut = prepared.leftOut
    for pair in prepared.pairs { splits[pair.split.rawValue, default: 0] += 1 }
    rows = ReasonCount.rows(prepared.verdicts)
  }
}

/// Says that nothing has to be looked at: all that `prepare` depends on looks as it did when it last found nothing to do.
///
/// One digest over the outside of every input file (name, size, times, inode), the settings, this program and its libraries,
/// what the store has lost, and the outside of the shards. It holds only for files that had not been written within the
/// second before, as the file memo's entries do, and it is taken before anything is read: a file that changes meanwhile
/// looks other than noted. A run that writes, or that leaves a clip out for a passing reason, leaves no seal.
package struct PreparationSeal {
  private static let key = "prepare: nothing to do"

  private struct Note: Codable {
    var state: Digest
    var summary: PreparedSummary
  }

  private let settings: PrepareSettings
  private let catalog: Catalog
  private let begin = FolderListing.now()
  private let inputs: FolderListing
  private let losses: Digest

  /// Looks at the inputs. The store is open, so that its losses are known.
  package init(_ settings: PrepareSettings, _ catalog: Catalog) throws {
    self.settings = settings
    self.catalog = catalog
    inputs = FolderListing(
      settings.videos + (settings.manifest.map { [$0] } ?? []) + settings.embeddings
        + settings.embeddings.flatMap(EmbeddingIndex.beside)
        + settings.workerCommand.prefix(1))
    losses = try catalog.lossDigest()
  }

  /// How the shards look; taken before they are compared with what they should be.
  package func shards() -> FolderListing { FolderListing([settings.shards]) }

  /// What the last run said, if nothing has changed since.
  package func summary() throws -> PreparedSummary? {
    guard settings.retry.isEmpty, let text = try catalog.note(Self.key),
      let note = try? CanonicalJSON.decode(Note.self, from: Array(text.utf8), source: "catalog")
    else { return nil }
    return note.state == state(shards()) ? note.summary : nil
  }

  /// Until the next `keep` everything is looked at.
  package static func remove(from catalog: Catalog) throws { try catalog.set(note: key, nil) }

  /// Notes that nothing had to be done.
  /// - Parameter shards: as they looked before they were compared.
  package func keep(_ summary: PreparedSummary, shards: FolderListing) throws {
    guard inputs.isSettled(at: begin), shards.isSettled(at: begin) else { return }
    try catalog.set(note: Self.key, try CanonicalJSON.text(Note(state: state(shards), summary: summary)))
  }

  private func state(_ shards: FolderListing) -> Digest {
    let hasher = DigestBuilder()
    hasher.update(field: "seal 2")
    for listing in [inputs, shards] { hasher.update(listing.digest.bytes) }
    hasher.update(losses.bytes)
    for text in Self.texts(settings) { hasher.update(field: text) }
    return hasher.finish()
  }

  /// Everything that is asked for, but not how it is carried out.
  private static func texts(_ settings: PrepareSettings) -> [String] {
    var texts: [String] = []
    for stage in BuiltInStages.filter({ $0.isWanted(settings) }).map({ $0.stage(settings) }) + [TrainingShards.stage] {
      texts += [stage.name, "\(stage.version)"]
      for table in [stage.parameters, stage.toolchain] { texts.append("\(table.sorted { $0.key < $1.key })") }
    }
    texts += ["videos"] + settings.videos + ["manifest", settings.manifest ?? "", "embeddings"] + settings.embeddings
    texts += ["fps", settings.embeddingFPS.map { "\($0)" } ?? "", "model", settings.embeddingModel ?? ""]
    texts += [
      "frames", settings.frames.map { "\($0)" } ?? "none", "shards", settings.shards, "\(settings.shardTarget)",
    ]
    texts +=
      ["limit", settings.limit.map { "\($0)" } ?? "", "leave out"] + settings.leaveOut + ["keep"] + settings.keep
    return texts
  }
}

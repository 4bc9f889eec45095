import Basics
import StageGraph

/// What `gc` keeps.
///
/// - The current record of every action of a clip that the last `prepare` gave a verdict, whatever the verdict.
/// - What the last N runs with something to do put aside (one, unless told otherwise): going back to the settings before the
///   last change decodes nothing.
/// - While a `prepare` has begun and not come to its verdicts (it was stopped or killed): every current record, so that the
///   work it did is there when it goes on.
///
/// All else in the store goes. Shards, runs and checkpoints are never touched.
package struct GarbageRule {
  private static let key = "prepare: unfinished"

  private let clips: Set<String>
  /// Whether every clip counts.
  package let keepsAll: Bool

  package init(_ catalog: Catalog) throws {
    struct Identified: Decodable { var id: String }
    let items = try catalog.items()
    keepsAll = try items.isEmpty || catalog.note(Self.key) != nil
    clips = Set(
      try items.map {
        try CanonicalJSON.decode(Identified.self, from: Array($0.detail.utf8), source: "catalog, \($0.key)").id
      })
  }

  package func isWanted(_ subject: String) -> Bool { keepsAll || clips.contains(subject) }

  /// From here on results may belong to clips without a verdict.
  package static func prepareBegins(_ catalog: Catalog) throws { try catalog.set(note: key, "1") }

  /// Every clip has its verdict.
  package static func prepareHasVerdicts(_ catalog: Catalog) throws { try catalog.set(note: key, nil) }
}

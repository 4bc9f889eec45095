import Basics
import Corpus
import StageGraph

/// The catalog rows to write and to delete, so that the catalog holds exactly the verdicts of a run.
struct VerdictChanges {
  private(set) var changed: [VerdictRow] = []
  /// Keys of verdicts that no longer apply.
  private(set) var gone: [String] = []

  init(_ prepared: PreparedPairs) throws {
    let known = prepared.preparation.verdicts
    var stays = [Bool](repeating: false, count: known.count)
    let clips = prepared.preparation.clips
    for (k, verdict) in prepared.verdicts.enumerated() {
      if k < clips.candidates.count {
        if prepared.kept[k] >= 0 {
          stays[Int(prepared.kept[k])] = true
        } else {
          try add(clips.verdictKey(k), verdict, prepared.cached[k]?.bytes ?? [], known, &stays)
        }
      } else {
        let key = verdict.file.isEmpty ? "row \(verdict.id)" : verdict.file
        let cache = CachedVerdict(input: Self.unmatched, state: verdict.state, findings: verdict.findings).bytes
        let position = known.find(key)
        if let position, known.cache(at: position).elementsEqual(cache) {
          stays[position] = true
        } else {
          try add(key, verdict, cache, known, &stays)
        }
      }
    }
    for position in stays.indices where !stays[position] { gone.append(known.key(at: position)) }
  }

  private static let unmatched = Digest(of: "row or file alone")

  private mutating func add(
    _ key: String, _ verdict: ClipVerdict, _ cache: [UInt8], _ known: VerdictCaches, _ stays: inout [Bool]
  ) throws {
    if let position = known.find(key) { stays[position] = true }
    let detail = try CanonicalJSON.text(verdict)
    changed.append(
      VerdictRow(key: key, clip: verdict.id, state: verdict.state.rawValue, detail: detail, cache: cache))
  }
}

import Basics
import Corpus
import StageGraph

/// The catalog's items for verdicts: what has to be written for it to hold those of a run and no others.
package struct VerdictItems {
  package private(set) var changed: [Item] = []
  /// Keys of items for which there is no verdict any more.
  package private(set) var gone: [String] = []

  /// - Parameter known: what the catalog holds now, as it was when the verdicts were found.
  package init(_ prepared: PreparedPairs, known: ItemMemos) throws {
    var stays = [Bool](repeating: false, count: known.count)
    let clips = prepared.preparation.clips
    for (k, verdict) in prepared.verdicts.enumerated() {
      if k < clips.candidates.count {
        if prepared.kept[k] >= 0 {
          stays[Int(prepared.kept[k])] = true
        } else {
          try add(clips.verdictKey(k), verdict, prepared.memos[k]?.bytes ?? [], known, &stays)
        }
      } else {
        let key = verdict.file.isEmpty ? "row \(verdict.id)" : verdict.file
        let memo = ClipMemo(input: Self.unmatched, state: verdict.state, findings: verdict.findings).bytes
        let position = known.find(key)
        if let position, known.memo(at: position).elementsEqual(memo) {
          stays[position] = true
        } else {
          try add(key, verdict, memo, known, &stays)
        }
      }
    }
    for position in stays.indices where !stays[position] { gone.append(known.key(at: position)) }
  }

  private static let unmatched = Digest(of: "row or file alone")

  private mutating func add(
    _ key: String, _ verdict: ClipVerdict, _ memo: [UInt8], _ known: ItemMemos, _ stays: inout [Bool]
  ) throws {
    if let position = known.find(key) { stays[position] = true }
    changed.append(
      Item(key: key, state: verdict.state.rawValue, detail: try CanonicalJSON.text(verdict), memo: memo))
  }
}

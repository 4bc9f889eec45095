import Basics

/// Finds ids that look the same but have different bytes: `é` can be one character (NFC) or an `e` with an accent
/// (NFD), as older versions of macOS wrote it.
///
/// Such ids are different clips: shards, caches and embeddings compare names by bytes. Swift compares strings by their
/// appearance, so code that compares ids must use this type.
enum NormalizationTwins {
  /// Whether two names have the same bytes.
  static func areSame(_ a: String, _ b: String) -> Bool { ByteKey(a) == ByteKey(b) }

  /// Adds a finding to each clip that has a twin, with both names spelled so that the difference is visible.
  static func note(in candidates: inout [ClipCandidate]) {
    let suspects = candidates.indices.filter { candidates[$0].idText.utf8.contains { $0 >= 0x80 } }
    // The keys of a dictionary are compared by appearance.
    for places in Dictionary(grouping: suspects, by: { candidates[$0].idText }).values where places.count > 1 {
      for place in places {
        let own = candidates[place].idText
        guard let twin = places.first(where: { !areSame(candidates[$0].idText, own) }) else { continue }
        candidates[place].findings.append(
          Finding(
            .idTwin, "this is \(escaped(own)), the other is \(escaped(candidates[twin].idText)): two clips"))
      }
    }
  }

  /// Chooses from the files of a manifest row those whose names have the same bytes. If there are none, chooses those
  /// that look the same and belong to no other row. Files that were matched by another rule are kept.
  /// - Parameter rows: the names of all rows; called only if needed.
  static func exact(_ files: [SourceFile], _ name: String, among rows: () -> Set<ByteKey>) -> [SourceFile] {
    let same = files.filter { areSame($0.stem, name) }
    guard same.isEmpty, files.contains(where: { $0.stem == name }) else { return same.isEmpty ? files : same }
    let rows = rows()
    return files.filter { !rows.contains(ByteKey($0.stem)) }
  }

  /// The text with every non-ASCII character as its code point: `caf\u{e9}`, `cafe\u{301}`.
  static func escaped(_ text: String) -> String {
    text.unicodeScalars.map { $0.isASCII ? String($0) : "\\u{\(String($0.value, radix: 16))}" }.joined()
  }
}

/// Compares ids by their bytes.
extension ClipID {
  package static func == (a: ClipID, b: ClipID) -> Bool { ByteKey(a.text) == ByteKey(b.text) }

  package func hash(into hasher: inout Hasher) { ByteKey(text).hash(into: &hasher) }
}

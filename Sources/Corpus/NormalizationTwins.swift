import Basics

/// Ids that a reader takes for the same and that are other bytes: `é` is one character (NFC), or an `e` with an accent
/// (NFD), as macOS once wrote it.
///
/// They are two clips: shards, caches and embeddings tell names apart by their bytes. Swift compares strings as a
/// reader does, so whoever compares ids asks here.
enum NormalizationTwins {
  /// Whether two names are the same bytes.
  static func areSame(_ a: String, _ b: String) -> Bool { ByteKey(a) == ByteKey(b) }

  /// Adds to each clip that has a twin a finding with both names, spelled so that one sees which is which.
  static func note(in candidates: inout [ClipCandidate]) {
    let suspects = candidates.indices.filter { candidates[$0].idText.utf8.contains { $0 >= 0x80 } }
    // As keys of a dictionary they are compared as a reader does.
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

  /// Of the files of a manifest's row those with the very bytes of its name. Where none has, those that look the same
  /// and are no other row's; files that it was joined to by another rule stay.
  /// - Parameter rows: the names of all rows; asked for where it matters.
  static func exact(_ files: [SourceFile], _ name: String, among rows: () -> Set<ByteKey>) -> [SourceFile] {
    let same = files.filter { areSame($0.stem, name) }
    guard same.isEmpty, files.contains(where: { $0.stem == name }) else { return same.isEmpty ? files : same }
    let rows = rows()
    return files.filter { !rows.contains(ByteKey($0.stem)) }
  }

  /// With every character beyond ASCII as its code point: `caf\u{e9}`, `cafe\u{301}`.
  static func escaped(_ text: String) -> String {
    text.unicodeScalars.map { $0.isASCII ? String($0) : "\\u{\(String($0.value, radix: 16))}" }.joined()
  }
}

/// Two ids are equal when their bytes are.
extension ClipID {
  package static func == (a: ClipID, b: ClipID) -> Bool { ByteKey(a.text) == ByteKey(b.text) }

  package func hash(into hasher: inout Hasher) { ByteKey(text).hash(into: &hasher) }
}

/// The word of `words` that is the fewest edits away from `text`, if it is close enough to be the intended one.
package func nearest(_ text: String, in words: some Sequence<String>) -> String? {
  let scored = words.map { (word: $0, distance: editDistance(text, $0)) }
  guard let best = scored.min(by: { ($0.distance, $0.word) < ($1.distance, $1.word) }) else { return nil }
  return best.distance <= max(2, text.count / 2) ? best.word : nil
}

/// The Levenshtein distance.
private func editDistance(_ a: String, _ b: String) -> Int {
  let (a, b) = (Array(a.utf8), Array(b.utf8))
  var row = Array(0...b.count)
  for (i, x) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, y) in b.enumerated() {
      let above = row[j + 1]
      row[j + 1] = min(above + 1, row[j] + 1, diagonal + (x == y ? 0 : 1))
      diagonal = above
    }
  }
  return row[b.count]
}

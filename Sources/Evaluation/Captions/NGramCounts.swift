/// One to four words in a row, as numbers; unused places hold −1.
typealias NGram = SIMD4<Int32>

/// How often each run of n words occurs in a text, in the order in which they first occur: sums over them have one
/// order.
struct NGramCounts {
  /// The longest n.
  static let longest = 4

  private(set) var counts: [(gram: NGram, count: Int)] = []
  private var places: [NGram: Int] = [:]

  /// - Parameter n: 1 to `longest`; a shorter text has none.
  init(_ words: [Int32], _ n: Int) {
    guard words.count >= n else { return }
    for start in 0...words.count - n {
      var gram = NGram(repeating: -1)
      for k in 0..<n { gram[k] = words[start + k] }
      if let place = places[gram] {
        counts[place].count += 1
      } else {
        places[gram] = counts.count
        counts.append((gram, 1))
      }
    }
  }

  func count(of gram: NGram) -> Int { places[gram].map { counts[$0].count } ?? 0 }

  /// The place of a run of words in `counts`; nil where the text does not have it.
  func place(of gram: NGram) -> Int? { places[gram] }
}

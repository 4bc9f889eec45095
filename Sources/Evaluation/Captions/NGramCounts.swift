/// One to four consecutive words, as numbers; unused positions hold −1.
typealias NGram = SIMD4<Int32>

/// The number of occurrences of each n-gram in a text, in the order of first occurrence, so that sums have a fixed
/// order.
struct NGramCounts {
  /// The longest n.
  static let longest = 4

  private(set) var counts: [(gram: NGram, count: Int)] = []
  private var places: [NGram: Int] = [:]

  /// - Parameter n: 1 to `longest`; a shorter text has no n-grams.
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

  /// The index of an n-gram in `counts`; nil if the text does not contain it.
  func place(of gram: NGram) -> Int? { places[gram] }
}

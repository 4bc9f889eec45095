import Basics

/// Gives every word a number, the same word the same one: words are told apart by their bytes.
struct WordNumbers {
  private var numbers: [ByteKey: Int32] = [:]

  /// How many different words there were.
  var count: Int { numbers.count }

  mutating func callAsFunction(_ words: [String]) -> [Int32] {
    words.map { word in
      let key = ByteKey(word)
      if let known = numbers[key] { return known }
      let number = Int32(truncatingIfNeeded: numbers.count)
      numbers[key] = number
      return number
    }
  }
}

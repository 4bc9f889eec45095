import Basics

/// Gives every word a number, and equal words the same one. Words are compared by their bytes.
struct WordNumbers {
  private var numbers: [ByteKey: Int32] = [:]

  /// The number of different words.
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

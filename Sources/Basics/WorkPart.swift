/// One of `count` parts of a piece of work that is spread over machines: those things whose names hash to its number.
///
/// Which part a thing belongs to depends on its name and the count alone, so that machines agree without a word, and
/// every thing belongs to exactly one part.
package struct WorkPart: Sendable, Hashable, CustomStringConvertible {
  /// From 0 to below `count`.
  package let index: Int
  package let count: Int

  /// The most parts that there may be: their numbers have five digits in names of files.
  package static let most = 99_999

  /// Nil for a number outside of 0..<count, and for a count outside of 1…`most`.
  package init?(index: Int, count: Int) {
    guard (1...Self.most).contains(count), (0..<count).contains(index) else { return nil }
    (self.index, self.count) = (index, count)
  }

  /// `i/n` in decimal digits, i from 0; nil for anything else.
  package init?(_ text: String) {
    let numbers = text.split(separator: "/", omittingEmptySubsequences: false).map(Self.number)
    guard numbers.count == 2, let index = numbers[0], let count = numbers[1] else { return nil }
    self.init(index: index, count: count)
  }

  /// Up to nine decimal digits and nothing else.
  static func number(_ text: some StringProtocol) -> Int? {
    guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int(text)
  }

  /// The number of the part that the thing of this name belongs to: SHA-256 of the name's UTF-8, its first eight bytes
  /// as a big-endian number, modulo `count`, which is over 0.
  package static func index(of name: String, count: Int) -> Int {
    let number = Digest(of: name).bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return Int(number % UInt64(count))
  }

  /// Whether the thing of this name belongs to the part.
  package func owns(_ name: String) -> Bool { Self.index(of: name, count: count) == index }

  /// `3/8`.
  package var description: String { "\(index)/\(count)" }

  /// `00003-of-00008`, for names of files.
  package var fileName: String { "\(fiveDigits(index))-of-\(fiveDigits(count))" }
}

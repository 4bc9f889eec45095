/// One of `count` parts of work distributed over machines: the items whose names hash to its number.
///
/// The part of an item depends only on its name and the count, so that machines agree without communicating, and every
/// item belongs to exactly one part.
package struct WorkPart: Sendable, Hashable, CustomStringConvertible {
  /// From 0 to below `count`.
  package let index: Int
  package let count: Int

  /// The maximum number of parts: part numbers have five digits in file names.
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

  /// At most nine decimal digits and nothing else.
  static func number(_ text: some StringProtocol) -> Int? {
    guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int(text)
  }

  /// The part that an item of this name belongs to: SHA-256 of the name's UTF-8, its first eight bytes as a big-endian
  /// number, modulo `count`, which must be positive.
  package static func index(of name: String, count: Int) -> Int {
    let number = Digest(of: name).bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return Int(number % UInt64(count))
  }

  /// Whether the item of this name belongs to the part.
  package func owns(_ name: String) -> Bool { Self.index(of: name, count: count) == index }

  /// `3/8`.
  package var description: String { "\(index)/\(count)" }

  /// `00003-of-00008`, for names of files.
  package var fileName: String { "\(fiveDigits(index))-of-\(fiveDigits(count))" }
}

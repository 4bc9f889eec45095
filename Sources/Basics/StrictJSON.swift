// JSON as a file header may contain it: RFC 8259 without repeated keys in an object and with limited nesting.
// Foundation's decoder silently uses the last of two equal keys, so that one file could have two meanings.

package indirect enum StrictJSON: Equatable, Sendable {
  case object([String: StrictJSON])
  case array([StrictJSON])
  case text(String)
  /// The text of the number as written.
  case number(String)
  case truth(Bool)
  case null

  package struct Problem: Error {
    package let reason: String

    package init(reason: String) { self.reason = reason }
  }

  /// - Throws: `Problem` with its offset.
  package static func parse(_ bytes: UnsafeRawBufferPointer) throws -> StrictJSON {
    var scanner = Scanner(bytes: bytes)
    let value = try scanner.value(depth: 0)
    scanner.skipSpace()
    guard scanner.i == bytes.count else { throw scanner.problem("something after the end") }
    return value
  }

  /// The reason why the bytes are not strict JSON; nil if they are. For bytes that Foundation's decoder reads
  /// afterwards.
  package static func problem(of bytes: [UInt8]) -> String? {
    do {
      _ = try bytes.withUnsafeBytes(parse)
      return nil
    } catch {
      return (error as? Problem)?.reason ?? "\(error)"
    }
  }

  /// The value if it is a whole number that is not negative.
  package var count: Int? {
    guard case .number(let text) = self, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int(text)
  }

  private struct Scanner {
    let bytes: UnsafeRawBufferPointer
    var i = 0
    static let deepest = 16

    func problem(_ reason: String) -> Problem { Problem(reason: "\(reason) at byte \(i)") }

    mutating func skipSpace() {
      while i < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[i]) { i += 1 }
    }

    mutating func next(_ byte: UInt8) -> Bool {
      skipSpace()
      guard i < bytes.count, bytes[i] == byte else { return false }
      i += 1
      return true
    }

    mutating func value(depth: Int) throws -> StrictJSON {
      guard depth < Self.deepest else { throw problem("nesting too deep") }
      skipSpace()
      guard i < bytes.count else { throw problem("the end") }
      switch bytes[i] {
      case UInt8(ascii: "{"): return try object(depth)
      case UInt8(ascii: "["): return try array(depth)
      case UInt8(ascii: "\""): return .text(try string())
      case UInt8(ascii: "t"): return try word("true", .truth(true))
      case UInt8(ascii: "f"): return try word("false", .truth(false))
      case UInt8(ascii: "n"): return try word("null", .null)
      default: return .number(try number())
      }
    }

    mutating func object(_ depth: Int) throws -> StrictJSON {
      i += 1
      var members: [String: StrictJSON] = [:]
      if next(UInt8(ascii: "}")) { return .object(members) }
      repeat {
        skipSpace()
        guard i < bytes.count, bytes[i] == UInt8(ascii: "\"") else { throw problem("no key") }
        let key = try string()
        guard next(UInt8(ascii: ":")) else { throw problem("no colon") }
        guard members.updateValue(try value(depth: depth + 1), forKey: key) == nil else {
          throw problem("the key \"\(key)\" twice, the second")
        }
      } while next(UInt8(ascii: ","))
      guard next(UInt8(ascii: "}")) else { throw problem("no closing brace") }
      return .object(members)
    }

    mutating func array(_ depth: Int) throws -> StrictJSON {
      i += 1
      var items: [StrictJSON] = []
      if next(UInt8(ascii: "]")) { return .array(items) }
      repeat { items.append(try value(depth: depth + 1)) } while next(UInt8(ascii: ","))
      guard next(UInt8(ascii: "]")) else { throw problem("no closing bracket") }
      return .array(items)
    }

    mutating func word(_ text: StaticString, _ value: StrictJSON) throws -> StrictJSON {
      let length = text.utf8CodeUnitCount
      let expected = UnsafeBufferPointer(start: text.utf8Start, count: length)
      guard bytes.count - i >= length, bytes[i..<i + length].elementsEqual(expected) else { throw problem("no value") }
      i += length
      return value
    }

    mutating func digits() throws {
      let start = i
      while i < bytes.count, (0x30...0x39).contains(bytes[i]) { i += 1 }
      guard i > start else { throw problem("no digit") }
    }

    mutating func number() throws -> String {
      let start = i
      if i < bytes.count, bytes[i] == UInt8(ascii: "-") { i += 1 }
      let leading = i
      try digits()
      guard bytes[leading] != 0x30 || i == leading + 1 else { throw problem("a leading zero") }
      if i < bytes.count, bytes[i] == UInt8(ascii: ".") {
        i += 1
        try digits()
      }
      if i < bytes.count, bytes[i] | 0x20 == UInt8(ascii: "e") {
        i += 1
        if i < bytes.count, bytes[i] == UInt8(ascii: "+") || bytes[i] == UInt8(ascii: "-") { i += 1 }
        try digits()
      }
      return String(decoding: bytes[start..<i], as: UTF8.self)
    }

    mutating func string() throws -> String {
      i += 1
      var text: [UInt8] = []
      while i < bytes.count, bytes[i] != UInt8(ascii: "\"") {
        guard bytes[i] >= 0x20 else { throw problem("a control character") }
        if bytes[i] == UInt8(ascii: "\\") {
          try escape(into: &text)
        } else {
          text.append(bytes[i])
          i += 1
        }
      }
      guard i < bytes.count, let valid = String(validating: text, as: UTF8.self) else {
        throw problem("text that does not end or is not UTF-8")
      }
      i += 1
      return valid
    }

    mutating func escape(into text: inout [UInt8]) throws {
      i += 1
      guard i < bytes.count else { throw problem("the end") }
      let plain: [UInt8: UInt8] = [0x22: 0x22, 0x5C: 0x5C, 0x2F: 0x2F, 0x62: 8, 0x66: 12, 0x6E: 10, 0x72: 13, 0x74: 9]
      let code = bytes[i]
      i += 1
      if let byte = plain[code] { return text.append(byte) }
      guard code == UInt8(ascii: "u") else { throw problem("an unknown escape") }
      var units = [try unit()]
      if UTF16.isLeadSurrogate(units[0]), bytes.count - i >= 2, bytes[i] == 0x5C, bytes[i + 1] == UInt8(ascii: "u") {
        i += 2
        units.append(try unit())
      }
      guard let character = String(validating: units, as: UTF16.self) else { throw problem("half a surrogate pair") }
      text.append(contentsOf: character.utf8)
    }

    mutating func unit() throws -> UInt16 {
      guard bytes.count - i >= 4, let value = UInt16(String(decoding: bytes[i..<i + 4], as: UTF8.self), radix: 16)
      else {
        throw problem("an unsound \\u escape")
      }
      i += 4
      return value
    }
  }
}

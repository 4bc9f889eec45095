// The header of an npy file: a magic, a version, a length, and a Python dictionary literal (NEP 1). Only the literals
// that the format allows are accepted: three keys, one type string, one boolean, one tuple of integers.

import Basics

package struct NumpyHeader: Sendable, Equatable {
  package let type: ElementType
  package let isBigEndian: Bool
  package let isFortranOrder: Bool
  package let shape: [Int]
  /// The offset of the elements, and their number of bytes.
  package let dataOffset: Int
  package let dataCount: Int

  /// numpy writes no header longer than this.
  static let longest = 1 << 20
  /// numpy's own limit.
  static let mostAxes = 32

  /// Reads the header at the start of `bytes`; the elements may be missing.
  /// - Throws: `npy.…` with the reason.
  package init(_ bytes: UnsafeRawBufferPointer, source: String) throws {
    var reader = ByteReader(bytes)
    guard let magic = reader.take(6), magic.elementsEqual([0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]) else {
      throw Failure.npy(.magic(Array(bytes.prefix(6))), source)
    }
    guard let major = reader.byte(), reader.byte() != nil else { throw Failure.npy(.headerCut, source) }
    let length: Int?
    switch major {
    case 1: length = reader.integer(UInt16.self).map(Int.init)
    case 2, 3: length = reader.integer(UInt32.self).map(Int.init)
    default: throw Failure.npy(.version(major), source)
    }
    guard let length, let text = length <= Self.longest ? reader.take(length) : nil else {
      throw Failure.npy(.headerCut, source)
    }
    dataOffset = reader.offset
    var literal = PythonLiteral(text)
    guard let entries = literal.dictionary() else {
      throw Failure.npy(.literal(String(decoding: text.prefix(80), as: UTF8.self)), source)
    }
    guard Set(entries.map(\.0)) == ["descr", "fortran_order", "shape"], entries.count == 3 else {
      throw Failure.npy(.keys(entries.map(\.0)), source)
    }
    let values = Dictionary(uniqueKeysWithValues: entries)
    guard case .truth(let fortran)? = values["fortran_order"] else { throw Failure.npy(.order, source) }
    guard case .tuple(let axes)? = values["shape"], axes.count <= Self.mostAxes, axes.allSatisfy({ $0 >= 0 }) else {
      throw Failure.npy(.shape, source)
    }
    (type, isBigEndian) = try Self.elementType(values["descr"], source)
    isFortranOrder = fortran
    shape = axes
    dataCount = try Tensor.byteCount(shape: axes, type: type, source: source)
  }

  private static func elementType(_ value: PythonLiteral.Value?, _ source: String) throws -> (ElementType, Bool) {
    guard case .text(let descr)? = value else { throw Failure.npy(.structured, source) }
    let kind = descr.drop { "<>|=".contains($0) }
    if kind.hasPrefix("O") { throw Failure.npy(.pickle(descr), source) }
    if kind.hasPrefix("V") { throw Failure.npy(.structured, source) }
    guard descr.count - kind.count <= 1, let type = ElementType(numpyName: kind) else {
      throw Failure.npy(.type(descr), source)
    }
    return (type, descr.hasPrefix(">"))
  }
}

/// A parser for the Python literals that an npy header may contain.
private struct PythonLiteral {
  enum Value: Equatable {
    case text(String)
    case truth(Bool)
    case tuple([Int])
    /// A list: the description of a structured type. Its content is ignored.
    case list
  }

  private let bytes: [UInt8]
  private var i = 0

  init(_ raw: UnsafeRawBufferPointer) { bytes = Array(raw) }

  /// The whole header: one dictionary, then only white space.
  mutating func dictionary() -> [(String, Value)]? {
    var entries: [(String, Value)] = []
    guard next("{") else { return nil }
    while !next("}") {
      guard entries.count < 16, let key = string(), next(":"), let value = value() else { return nil }
      entries.append((key, value))
      if !next(",") {
        guard next("}") else { return nil }
        break
      }
    }
    skipSpace()
    return i == bytes.count ? entries : nil
  }

  private mutating func value() -> Value? {
    skipSpace()
    guard i < bytes.count else { return nil }
    switch bytes[i] {
    case UInt8(ascii: "'"), UInt8(ascii: "\""): return string().map(Value.text)
    case UInt8(ascii: "("): return tuple().map(Value.tuple)
    case UInt8(ascii: "["): return skipList() ? .list : nil
    default:
      if word("True") { return .truth(true) }
      return word("False") ? .truth(false) : nil
    }
  }

  private mutating func string() -> String? {
    skipSpace()
    guard i < bytes.count, bytes[i] == 0x27 || bytes[i] == 0x22,
      let end = bytes[(i + 1)...].firstIndex(of: bytes[i]), !bytes[i..<end].contains(0x5C)
    else { return nil }
    defer { i = end + 1 }
    return String(validating: bytes[(i + 1)..<end], as: UTF8.self)
  }

  private mutating func tuple() -> [Int]? {
    var axes: [Int] = []
    guard next("(") else { return nil }
    while !next(")") {
      guard axes.count <= NumpyHeader.mostAxes, let axis = integer() else { return nil }
      axes.append(axis)
      if !next(",") { return axes.count > 1 && next(")") ? axes : nil }
    }
    return axes
  }

  /// Python 2 wrote long integers with an `L`.
  private mutating func integer() -> Int? {
    skipSpace()
    let start = i
    if i < bytes.count, bytes[i] == UInt8(ascii: "-") { i += 1 }
    while i < bytes.count, (0x30...0x39).contains(bytes[i]) { i += 1 }
    let number = Int(String(decoding: bytes[start..<i], as: UTF8.self))
    if i < bytes.count, bytes[i] == UInt8(ascii: "L") { i += 1 }
    return number
  }

  private mutating func skipList() -> Bool {
    var depth = 0
    while i < bytes.count {
      if bytes[i] == UInt8(ascii: "[") { depth += 1 }
      if bytes[i] == UInt8(ascii: "]") { depth -= 1 }
      i += 1
      if depth == 0 { return true }
    }
    return false
  }

  private mutating func word(_ text: String) -> Bool {
    guard bytes[i...].starts(with: text.utf8) else { return false }
    i += text.utf8.count
    return true
  }

  private mutating func next(_ character: Character) -> Bool {
    skipSpace()
    guard i < bytes.count, bytes[i] == character.asciiValue else { return false }
    i += 1
    return true
  }

  private mutating func skipSpace() {
    while i < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[i]) { i += 1 }
  }
}

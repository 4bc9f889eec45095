// safetensors files: eight bytes of length, a JSON header, one buffer. Reading makes every check in the specification
// (no gaps, no overlaps, no repeated keys, matching sizes). Tensors are written sorted by name, so that the same
// tensors give the same bytes.

import Basics

/// The tensors that a safetensors file lists, before any is copied.
package struct SafetensorsHeader: Sendable {
  package struct Entry: Sendable, Equatable {
    package let name: String
    package let type: ElementType
    package let shape: [Int]
    /// The range of bytes in the file.
    package let range: Range<Int>
  }

  /// In the order of their bytes, without tensors of unsupported types.
  package let entries: [Entry]
  /// Tensors of other types (float8 and the like), by name: they are not read and do not affect the others.
  package let unread: [String: String]
  package let metadata: [String: String]

  static let longest = 100_000_000

  /// - Throws: `safetensors.…` with the reason.
  package init(_ bytes: UnsafeRawBufferPointer, source: String) throws {
    var reader = ByteReader(bytes)
    guard let size = reader.integer(UInt64.self) else {
      throw Failure.safetensors(.headerCut(found: bytes.count, expected: 8), source)
    }
    guard (2...UInt64(Self.longest)).contains(size) else {
      throw Failure.safetensors(.headerSize(size, limit: Self.longest), source)
    }
    guard let text = reader.take(Int(size)) else {
      throw Failure.safetensors(.headerCut(found: bytes.count, expected: 8 + Int(size)), source)
    }
    guard text.first == UInt8(ascii: "{") else { throw Failure.safetensors(.json("no opening brace"), source) }
    let members: [String: StrictJSON]
    do {
      guard case .object(let object) = try StrictJSON.parse(text) else {
        throw StrictJSON.Problem(reason: "not an object")
      }
      members = object
    } catch let problem as StrictJSON.Problem {
      throw Failure.safetensors(.json(problem.reason), source)
    }
    metadata = try Self.metadata(members["__metadata__"], source)
    let places = try members.filter { $0.key != "__metadata__" }
      .map { try Self.place($0.key, $0.value, base: reader.offset, source) }
      .sorted { a, b in
        (a.range.lowerBound, a.range.upperBound) != (b.range.lowerBound, b.range.upperBound)
          ? (a.range.lowerBound, a.range.upperBound) < (b.range.lowerBound, b.range.upperBound)
          : a.name.utf8.lexicographicallyPrecedes(b.name.utf8)
      }
    entries = places.compactMap { place in
      place.type.map { Entry(name: place.name, type: $0, shape: place.shape, range: place.range) }
    }
    unread = Dictionary(
      places.filter { $0.type == nil }.map { ($0.name, $0.typeName) }, uniquingKeysWith: { first, _ in first })
    if entries.isEmpty, let other = places.first {
      throw Failure.safetensors(.type(other.name, other.typeName), source)
    }
    var end = reader.offset
    for entry in places {
      guard entry.range.lowerBound == end else {
        throw Failure.safetensors(
          .hole(entry.name, found: entry.range.lowerBound - reader.offset, expected: end - reader.offset), source)
      }
      end = entry.range.upperBound
    }
    guard end == bytes.count else {
      throw Failure.safetensors(.end(found: bytes.count - reader.offset, expected: end - reader.offset), source)
    }
  }

  private static func metadata(_ value: StrictJSON?, _ source: String) throws -> [String: String] {
    guard let value else { return [:] }
    guard case .object(let members) = value else { throw Failure.safetensors(.metadata, source) }
    return try members.mapValues { member in
      guard case .text(let text) = member else { throw Failure.safetensors(.metadata, source) }
      return text
    }
  }

  /// An entry of any type.
  private struct Place {
    var name: String
    var typeName: String
    var type: ElementType?
    var shape: [Int]
    var range: Range<Int>
  }

  private static func place(_ name: String, _ value: StrictJSON, base: Int, _ source: String) throws -> Place {
    guard case .object(let members) = value, Set(members.keys) == ["dtype", "shape", "data_offsets"] else {
      throw Failure.safetensors(.entry(name, "other keys than dtype, shape, data_offsets"), source)
    }
    guard case .text(let typeName)? = members["dtype"] else {
      throw Failure.safetensors(.entry(name, "dtype is not text"), source)
    }
    let type = ElementType(safetensorsName: typeName)
    guard case .array(let axes)? = members["shape"], case let shape = axes.compactMap(\.count),
      shape.count == axes.count
    else { throw Failure.safetensors(.entry(name, "shape is not a list of counts"), source) }
    guard case .array(let offsets)? = members["data_offsets"], offsets.count == 2, let begin = offsets[0].count,
      let end = offsets[1].count, begin <= end, end <= Int.max - base
    else { throw Failure.safetensors(.entry(name, "data_offsets are not a range"), source) }
    if let type {
      let needed = try Tensor.byteCount(shape: shape, type: type, source: "\(source), tensor \"\(name)\"")
      guard end - begin == needed else {
        throw Failure.safetensors(.size(name, found: end - begin, expected: needed), source)
      }
    }
    return Place(name: name, typeName: typeName, type: type, shape: shape, range: base + begin..<base + end)
  }
}

package enum SafetensorsFile {
  /// All tensors in the order of their bytes, and the metadata.
  /// - Throws: `safetensors.…` with the reason.
  package static func read(
    _ bytes: UnsafeRawBufferPointer, source: String
  ) throws -> (tensors: NamedTensors, metadata: [String: String]) {
    let header = try SafetensorsHeader(bytes, source: source)
    var tensors = NamedTensors()
    for entry in header.entries { try tensors.add(entry.name, tensor(entry, of: bytes), source: source) }
    return (tensors, header.metadata)
  }

  package static func read(
    _ bytes: [UInt8], source: String
  ) throws -> (tensors: NamedTensors, metadata: [String: String]) {
    try bytes.withUnsafeBytes { try read($0, source: source) }
  }

  /// One tensor listed in a header that was read from the same bytes.
  package static func tensor(_ entry: SafetensorsHeader.Entry, of bytes: UnsafeRawBufferPointer) -> Tensor {
    Tensor(checked: entry.shape, entry.type, Array(UnsafeRawBufferPointer(rebasing: bytes[entry.range])))
  }

  /// Writes tensors sorted by name; the header is padded with spaces so that the data begin at a multiple of 8.
  package static func write(_ tensors: NamedTensors, metadata: [String: String] = [:], to file: OutputFile) throws {
    let sorted = tensors.sorted
    try file.write(header(sorted, metadata))
    for (_, tensor) in sorted.pairs { try file.write(tensor.bytes) }
  }

  package static func bytes(of tensors: NamedTensors, metadata: [String: String] = [:]) throws -> [UInt8] {
    let sorted = tensors.sorted
    return try sorted.pairs.reduce(into: header(sorted, metadata)) { $0.append(contentsOf: $1.tensor.bytes) }
  }

  private static func header(_ tensors: NamedTensors, _ metadata: [String: String]) throws -> [UInt8] {
    try header(of: tensors.pairs.map { ($0.name, $0.tensor.type, $0.tensor.shape) }, metadata: metadata)
  }

  /// The bytes before the tensors, which follow in this order without gaps. If the names are sorted, the file is the
  /// same as from `write`.
  package static func header(
    of tensors: [(name: String, type: ElementType, shape: [Int])], metadata: [String: String] = [:]
  ) throws -> [UInt8] {
    var members: [String] = []
    if !metadata.isEmpty { members.append("\"__metadata__\":\(try CanonicalJSON.text(metadata))") }
    var begin = 0
    for (name, type, shape) in tensors {
      let end = begin + (try Tensor.byteCount(shape: shape, type: type, source: name))
      let axes = shape.map(String.init).joined(separator: ",")
      members.append(
        try CanonicalJSON.text(name)
          + ":{\"dtype\":\"\(type.safetensorsName)\",\"shape\":[\(axes)],\"data_offsets\":[\(begin),\(end)]}"
      )
      begin = end
    }
    var text = Array("{\(members.joined(separator: ","))}".utf8)
    text.append(contentsOf: repeatElement(0x20, count: (8 - text.count % 8) % 8))
    var header = ByteWriter(reserving: 8 + text.count)
    header.write(UInt64(text.count))
    header.write(text)
    return header.bytes
  }
}

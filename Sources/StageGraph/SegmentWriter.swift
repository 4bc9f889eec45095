// The growing end of the store: records are appended to the last segment file, until it is large enough and a new one
// is started. Appended records count only after `sync` and the catalog's transaction. Until then `rollBack` removes
// them; after a kill, the next writer does.
//
// Record: 8 magic, 32 SHA-256 of the payload, u64 length, u64 XXH3 of the payload (little-endian), payload.

import Basics
import Glibc

/// The place of stored bytes: `offset` is the start of the record, `length` the length of its payload.
struct ArtifactLocation: Sendable, Equatable {
  var digest: Digest
  var segment: Int
  var offset: Int
  var length: Int
}

enum SegmentRecord {
  static let headerSize = 56
  private static let magic = Array("segrec01".utf8)

  static func header(_ digest: Digest, _ payload: [UInt8]) -> [UInt8] {
    var bytes = magic
    digest.append(to: &bytes)
    bytes.append(integer: UInt64(payload.count).littleEndian)
    bytes.append(integer: payload.withUnsafeBytes { checksum($0) }.littleEndian)
    return bytes
  }

  /// The problem with a record that should hold `digest`, or nil.
  static func fault(in record: [UInt8], digest: Digest) -> String? {
    record.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress, bytes.count >= headerSize, bytes.prefix(8).elementsEqual(magic) else {
        return "no record"
      }
      func integer(_ offset: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      }
      let payload = UnsafeRawBufferPointer(rebasing: bytes[headerSize...])
      let found = Digest(at: base + 8)
      if found != digest { return "a record of \(found.short)" }
      if integer(40) != UInt64(payload.count) { return "a record of \(integer(40)) bytes" }
      return integer(48) == checksum(payload) ? nil : "another checksum"
    }
  }
}

/// The writing end of the store. Not thread-safe: the store guards it.
struct SegmentWriter {
  static let sizeLimit = 256 << 20
  private static let bufferSize = 1 << 20

  let directory: String
  let sizeLimit: Int
  /// The committed length of each segment.
  private(set) var committed: [Int: Int]
  /// The length of each segment, including bytes not committed yet.
  private(set) var lengths: [Int: Int]
  private var current: Int
  private var descriptor: Int32 = -1
  private var buffer: [UInt8] = []
  private var isNewFile = false

  /// - Parameter committed: the lengths in the catalog of segments whose files are complete.
  init(directory: String, committed: [Int: Int], next: Int, sizeLimit: Int = sizeLimit) {
    self.directory = directory
    self.sizeLimit = sizeLimit
    self.committed = committed
    lengths = committed
    current = committed.keys.max() ?? next
    if current < next - 1 { current = next }
  }

  static func name(_ number: Int) -> String {
    let digits = String(number)
    return "segment-\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits).seg"
  }

  static func number(_ name: String) -> Int? {
    guard name.hasPrefix("segment-"), name.hasSuffix(".seg") else { return nil }
    return Int(name.dropFirst(8).dropLast(4))
  }

  private func path(_ number: Int) -> String { "\(directory)/\(Self.name(number))" }

  /// Segments with bytes that are not committed yet.
  var changed: [Int: Int] { lengths.filter { committed[$0.key] != $0.value } }

  mutating func append(_ digest: Digest, _ payload: [UInt8]) throws -> ArtifactLocation {
    let size = SegmentRecord.headerSize + payload.count
    if let length = lengths[current], length > 0, length + size > sizeLimit {
      try sync()
      close()
      current += 1
    }
    try open()
    let offset = lengths[current] ?? 0
    try write(SegmentRecord.header(digest, payload))
    try write(payload)
    lengths[current] = offset + size
    return ArtifactLocation(digest: digest, segment: current, offset: offset, length: payload.count)
  }

  /// Makes the appended records durable.
  mutating func sync() throws {
    guard descriptor >= 0, !changed.isEmpty else { return }
    try flush()
    guard fileSystem.sync(descriptor) == 0 else { throw Failure.system("sync", path(current)) }
    if isNewFile { try Files.sync(directory: directory) }
    isNewFile = false
  }

  /// Marks all appended records as committed, after the catalog's transaction.
  mutating func commit() { committed = lengths }

  /// Removes what was appended since the last commit.
  mutating func rollBack() {
    close()
    buffer.removeAll()
    for number in changed.keys {
      // If this fails too, the rest is cut off at the next append or by the next writer.
      if let length = committed[number] {
        try? truncateFile(path(number), to: length)
      } else {
        _ = fileSystem.unlink(path(number))
      }
    }
    lengths = committed
    current = lengths.keys.max() ?? current
  }

  /// Appends to this segment from now on; it must not exist yet.
  mutating func begin(_ number: Int) {
    close()
    current = number
  }

  /// Forgets a segment that the catalog no longer refers to.
  mutating func forget(_ number: Int) {
    if number == current { close() }
    committed[number] = nil
    lengths[number] = nil
  }

  mutating func close() {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }

  private mutating func open() throws {
    guard descriptor < 0 else { return }
    isNewFile = committed[current] == nil
    descriptor = fileSystem.open(path(current), O_WRONLY | O_CREAT)
    guard descriptor >= 0 else { throw Failure.system("create", path(current)) }
    let length = lengths[current] ?? 0
    guard fileSystem.truncate(descriptor, to: length) == 0, lseek(descriptor, off_t(length), SEEK_SET) >= 0 else {
      throw Failure.system("write", path(current))
    }
  }

  private mutating func write(_ bytes: [UInt8]) throws {
    if buffer.count + bytes.count > Self.bufferSize { try flush() }
    if bytes.count < Self.bufferSize {
      buffer.append(contentsOf: bytes)
    } else {
      try bytes.withUnsafeBytes { try writeAll($0, to: descriptor, path: path(current)) }
    }
  }

  private mutating func flush() throws {
    if buffer.isEmpty { return }
    try buffer.withUnsafeBytes { try writeAll($0, to: descriptor, path: path(current)) }
    buffer.removeAll(keepingCapacity: true)
  }
}

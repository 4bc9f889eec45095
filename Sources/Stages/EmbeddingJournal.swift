import Basics
import Glibc

/// What was embedded so far, beside the output, so that a run that was ended goes on where it was.
///
/// Append-only: a line that says what the vectors depend on, then a record for each sound with a checksum. A record that is cut
/// off, and all behind it, is dropped; a journal of other settings is begun anew. One process writes; reads may come from any
/// thread once writing is over.
final class EmbeddingJournal {
  struct Record: Codable, Sendable {
    var key: String
    var identity: String
    var rows: Int
    var width: Int
    /// Of the sound.
    var seconds: Double
  }

  private struct Prefix {
    var header: Int
    var payload: Int
    static let count = 8
  }

  let path: String
  private let descriptor: Int32
  private var end = 0
  /// Where each key's vectors lie.
  private var places: [String: (record: Record, offset: Int)] = [:]

  private static let longestHeader = 1 << 16
  private static let version = 1

  /// - Parameter settings: what the vectors depend on besides the sounds.
  init(_ path: String, settings: Digest) throws {
    self.path = path
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Failure.system("open", path) }
    let opening = Array("embeddings \(Self.version) \(settings.hex)\n".utf8)
    if let found = read(at: 0, opening.count), found == opening {
      end = opening.count
      while let next = record(at: end) {
        places[next.record.key] = (next.record, next.offset)
        end = next.end
      }
    } else {
      try write(opening)
    }
    guard ftruncate(descriptor, off_t(end)) == 0 else { throw Failure.system("truncate", path) }
  }

  deinit { close(descriptor) }

  /// What was written for this sound; nil where there is nothing, or for another content.
  func record(_ key: String, identity: String) -> Record? {
    places[key].flatMap { $0.record.identity == identity ? $0.record : nil }
  }

  /// - Parameter vectors: rows · width numbers.
  func append(_ record: Record, _ vectors: [Float]) throws {
    let header = try CanonicalJSON.bytes(record)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Prefix.count + header.count + 4 * vectors.count + 8)
    for count in [header.count, 4 * vectors.count] {
      withUnsafeBytes(of: UInt32(count).littleEndian) { bytes.append(contentsOf: $0) }
    }
    bytes += header
    let offset = end + bytes.count
    vectors.withUnsafeBytes { bytes.append(contentsOf: $0) }
    let sum = bytes.withUnsafeBytes { checksum($0) }
    withUnsafeBytes(of: sum.littleEndian) { bytes.append(contentsOf: $0) }
    try write(bytes)
    places[record.key] = (record, offset)
  }

  /// The vectors of a key, rows · width numbers.
  func vectors(_ key: String) throws -> [Float] {
    guard let (record, offset) = places[key], let bytes = read(at: offset, 4 * record.rows * record.width) else {
      throw Failure(
        "embed.journal", "the journal has lost a sound", on: path, found: key, hint: "run the command again")
    }
    return bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
  }

  func remove() throws { try Files.remove(path) }

  private func write(_ bytes: [UInt8]) throws {
    guard lseek(descriptor, off_t(end), SEEK_SET) >= 0 else { throw Failure.system("seek", path) }
    try bytes.withUnsafeBytes { try writeAll($0, to: descriptor, path: path) }
    end += bytes.count
  }

  private func record(at offset: Int) -> (record: Record, offset: Int, end: Int)? {
    guard let prefix = read(at: offset, Prefix.count) else { return nil }
    let number = { (range: Range<Int>) in prefix[range].reversed().reduce(0) { $0 << 8 | Int($1) } }
    let (header, payload) = (number(0..<4), number(4..<8))
    guard header <= Self.longestHeader, payload <= Int(Int32.max),
      let body = read(at: offset, Prefix.count + header + payload),
      let sum = read(at: offset + body.count, 8),
      sum.reversed().reduce(UInt64(0), { $0 << 8 | UInt64($1) }) == body.withUnsafeBytes({ checksum($0) }),
      let record = try? CanonicalJSON.decode(
        Record.self, from: Array(body[Prefix.count..<Prefix.count + header]), source: path),
      record.rows >= 0, record.width > 0, payload == 4 * record.rows * record.width
    else { return nil }
    return (record, offset + Prefix.count + header, offset + body.count + 8)
  }

  /// Exactly `count` bytes; nil where the file ends before.
  private func read(at offset: Int, _ count: Int) -> [UInt8]? {
    var status = stat()
    guard fstat(descriptor, &status) == 0, offset + count <= Int(status.st_size) else { return nil }
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let n = bytes.withUnsafeMutableBytes { raw in
        raw.baseAddress.map { pread(descriptor, $0 + filled, count - filled, off_t(offset + filled)) } ?? 0
      }
      if n < 0, errno == EINTR { continue }
      guard n > 0 else { return nil }
      filled += n
    }
    return bytes
  }
}

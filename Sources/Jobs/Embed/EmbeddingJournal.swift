import Basics
import Glibc

/// The embeddings made so far, kept beside the output, so that an interrupted run can resume.
///
/// The file is append-only: a line that identifies what the embeddings depend on, then a record with a checksum for
/// each audio clip. A truncated record and everything after it are dropped; a journal of other settings is started
/// anew. One process writes; after writing, any thread may read.
final class EmbeddingJournal {
  struct Record: Codable, Sendable {
    var key: String
    var identity: String
    var rows: Int
    var width: Int
    /// Length of the audio.
    var seconds: Double
  }

  /// The bytes before a record: the length of its JSON and of its numbers.
  private struct Prefix {
    static let count = 8
    let header: Int
    let payload: Int

    init?(_ bytes: [UInt8]) {
      let lengths = bytes.withUnsafeBytes { bytes in
        var reader = ByteReader(bytes)
        return (header: reader.integer(UInt32.self), payload: reader.integer(UInt32.self))
      }
      guard let header = lengths.header, let payload = lengths.payload else { return nil }
      (self.header, self.payload) = (Int(header), Int(payload))
    }
  }

  let path: String
  private let descriptor: Int32
  private var end = 0
  /// Where each key's embeddings are in the file.
  private var places: [String: (record: Record, offset: Int)] = [:]

  private static let longestHeader = 1 << 16
  private static let version = 1

  /// - Parameter settings: digest of what the embeddings depend on besides the audio clips.
  init(_ path: String, settings: Digest) throws {
    self.path = path
    descriptor = fileSystem.open(path, O_RDWR | O_CREAT)
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
    guard fileSystem.truncate(descriptor, to: end) == 0 else { throw Failure.system("truncate", path) }
  }

  deinit { close(descriptor) }

  /// The record of an audio clip; nil when there is none for this content.
  func record(_ key: String, identity: String) -> Record? {
    places[key].flatMap { $0.record.identity == identity ? $0.record : nil }
  }

  /// A record stores its length in 32 bits.
  private static let mostValues = Int(UInt32.max) / 4

  /// - Parameter count: the number of values in all embeddings of an audio clip.
  /// - Throws: `embed.large` when a record cannot hold that many.
  static func check(values count: Int, of name: String) throws {
    guard count <= mostValues else { throw Failure.embeddingLarge(name, values: count, most: mostValues) }
  }

  /// - Parameter embeddings: rows · width values.
  /// - Throws: `embed.large`; `Failure` when the file cannot be written.
  func append(_ record: Record, _ embeddings: [Float]) throws {
    try Self.check(values: embeddings.count, of: record.key)
    let header = try CanonicalJSON.bytes(record)
    var opening = ByteWriter(reserving: Prefix.count + header.count)
    for count in [header.count, 4 * embeddings.count] { opening.write(UInt32(count)) }
    opening.write(header)
    let start = end
    do {
      try write(opening.bytes)
      let sums = try embeddings.withUnsafeBytes { payload in
        try write(raw: payload)
        return Self.sums(opening.bytes, payload)
      }
      try write(sums)
    } catch {
      // The next record overwrites what was written of this one.
      end = start
      throw error
    }
    places[record.key] = (record, start + opening.count)
  }

  /// Two checksums: of the bytes before the numbers, and of the numbers.
  private static func sums(_ opening: [UInt8], _ payload: UnsafeRawBufferPointer) -> [UInt8] {
    var sums = ByteWriter()
    sums.write(opening.withUnsafeBytes { checksum($0) })
    sums.write(checksum(payload))
    return sums.bytes
  }

  /// The embeddings of a key, rows · width values.
  func embeddings(_ key: String) throws -> [Float] {
    guard let (record, offset) = places[key], let embeddings = floats(at: offset, record.rows * record.width) else {
      throw Failure(
        "embed.journal", "the journal has lost a clip", on: path, found: key, hint: "run the command again")
    }
    return embeddings
  }

  private func floats(at offset: Int, _ count: Int) -> [Float]? {
    var isWhole = false
    let floats = [Float](unsafeUninitializedCapacity: count) { buffer, filled in
      isWhole = read(at: offset, into: UnsafeMutableRawBufferPointer(buffer))
      filled = isWhole ? count : 0
    }
    return isWhole ? floats : nil
  }

  func remove() throws { try Files.remove(path) }

  private func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write(raw: $0) } }

  private func write(raw bytes: UnsafeRawBufferPointer) throws {
    guard lseek(descriptor, off_t(end), SEEK_SET) >= 0 else { throw Failure.system("seek", path) }
    try writeAll(bytes, to: descriptor, path: path)
    end += bytes.count
  }

  private func record(at offset: Int) -> (record: Record, offset: Int, end: Int)? {
    guard let prefix = read(at: offset, Prefix.count).flatMap({ Prefix($0) }) else { return nil }
    let (header, payload) = (prefix.header, prefix.payload)
    var status = stat()
    guard fstat(descriptor, &status) == 0, header <= Self.longestHeader, payload % 4 == 0,
      offset + header + payload <= Int(status.st_size), let opening = read(at: offset, Prefix.count + header),
      let embeddings = floats(at: offset + opening.count, payload / 4),
      let found = read(at: offset + opening.count + payload, 16),
      found == embeddings.withUnsafeBytes({ Self.sums(opening, $0) }),
      let record = try? CanonicalJSON.decode(Record.self, from: Array(opening[Prefix.count...]), source: path),
      record.rows >= 0, record.width > 0, payload == 4 * record.rows * record.width
    else { return nil }
    return (record, offset + opening.count, offset + opening.count + payload + 16)
  }

  /// Reads exactly `count` bytes; nil when the file ends earlier.
  private func read(at offset: Int, _ count: Int) -> [UInt8]? {
    var status = stat()
    guard fstat(descriptor, &status) == 0, offset + count <= Int(status.st_size) else { return nil }
    var bytes = [UInt8](repeating: 0, count: count)
    return bytes.withUnsafeMutableBytes({ read(at: offset, into: $0) }) ? bytes : nil
  }

  /// Returns false when the file ends earlier.
  private func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Bool {
    var filled = 0
    while filled < buffer.count {
      let n =
        buffer.baseAddress.map { pread(descriptor, $0 + filled, buffer.count - filled, off_t(offset + filled)) } ?? 0
      if n < 0, errno == EINTR { continue }
      guard n > 0 else { return false }
      filled += n
    }
    return true
  }
}

extension Failure {
  fileprivate static func embeddingLarge(_ name: String, values: Int, most: Int) -> Failure {
    Failure(
      "embed.large", "a clip has more embeddings than fit into one record", on: name, found: "\(values) numbers",
      expected: "at most \(most)", hint: "take a larger --hop, or cut the file into shorter ones")
  }
}

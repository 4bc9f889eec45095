import Basics

/// How supervisor and worker talk over two pipes: UInt32 length of the header, UInt32 length of the payload (little-endian), the header
/// as JSON, the payload. Lengths are checked before anything is read: a broken worker cannot make its supervisor allocate.
enum WorkerMessage {
  static let prefixCount = 8
  static let mostHeaderBytes = 1 << 20
  static let mostPayloadBytes = 1 << 28

  /// The first thing said on each side, so that a worker that cannot start is not mistaken for a clip that crashes it.
  struct Greeting: Codable, Equatable {
    var version: Int
    /// Most address space that the worker may take.
    var memoryBytes: UInt64
  }
  static let version = 1

  static func bytes(_ header: some Encodable, payload: [UInt8] = []) throws -> [UInt8] {
    let header = try CanonicalJSON.bytes(header)
    try check(header.count, payload.count)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(prefixCount + header.count + payload.count)
    for count in [header.count, payload.count] {
      withUnsafeBytes(of: UInt32(count).littleEndian) { bytes.append(contentsOf: $0) }
    }
    return bytes + header + payload
  }

  /// The two lengths in a prefix.
  static func lengths(_ prefix: [UInt8]) throws -> (header: Int, payload: Int) {
    guard prefix.count == prefixCount else {
      throw Failure.message("a short prefix", found: "\(prefix.count) bytes", expected: "\(prefixCount)")
    }
    func length(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reversed().reduce(0) { $0 << 8 | Int($1) } }
    let lengths = (header: length(prefix[..<4]), payload: length(prefix[4...]))
    try check(lengths.header, lengths.payload)
    return lengths
  }

  private static func check(_ header: Int, _ payload: Int) throws {
    guard (2...mostHeaderBytes).contains(header) else {
      throw Failure.message("header length", found: "\(header)", expected: "2 to \(mostHeaderBytes)")
    }
    guard payload <= mostPayloadBytes else {
      throw Failure.message("payload length", found: "\(payload)", expected: "at most \(mostPayloadBytes)")
    }
  }

  /// One message through `read`, which gives exactly as many bytes as asked, or nil at the end before the first byte.
  static func receive<H: Decodable>(
    _ type: H.Type, read: (Int) throws -> [UInt8]?
  ) throws -> (header: H, payload: [UInt8])? {
    guard let prefix = try read(prefixCount) else { return nil }
    let lengths = try lengths(prefix)
    let body = try read(lengths.header + lengths.payload) ?? []
    guard body.count == lengths.header + lengths.payload else {
      throw Failure.message(
        "it ends early", found: "\(body.count) bytes", expected: "\(lengths.header + lengths.payload)")
    }
    let header = try CanonicalJSON.decode(H.self, from: Array(body[..<lengths.header]), source: "decode worker")
    return (header, Array(body[lengths.header...]))
  }
}

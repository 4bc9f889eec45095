import Basics

/// The protocol between supervisor and worker, over a socket for requests and a pipe for replies: UInt32 length of the
/// header, UInt32 length of the payload (little-endian), the header as JSON, the payload. Lengths are checked before
/// anything is read, so that a broken worker cannot make its supervisor allocate too much memory.
enum WorkerMessage {
  static let prefixCount = 8
  static let mostHeaderBytes = 1 << 20
  static let mostPayloadBytes = 1 << 28

  /// The first message on each side. It tells a worker that cannot start from a clip that crashes its worker.
  struct Greeting: Codable, Equatable {
    var version: Int
    /// The worker's limit of address space.
    var memoryBytes: UInt64
    /// From the supervisor: how the worker must be sandboxed.
    var sandbox: SandboxMode?
    /// From the worker: how it is sandboxed.
    var confinement: Confinement?
    /// From a worker that ends at once: the reason.
    var problem: String?
  }
  static let version = 1

  static func bytes(_ header: some Encodable, payload: [UInt8] = []) throws -> [UInt8] {
    let header = try CanonicalJSON.bytes(header)
    try check(header.count, payload.count)
    var bytes = ByteWriter(reserving: prefixCount + header.count + payload.count)
    for count in [header.count, payload.count] { bytes.write(UInt32(count)) }
    bytes.write(header)
    bytes.write(payload)
    return bytes.bytes
  }

  /// The two lengths in a prefix.
  static func lengths(_ prefix: [UInt8]) throws -> (header: Int, payload: Int) {
    let found = prefix.withUnsafeBytes { bytes in
      var reader = ByteReader(bytes)
      return (header: reader.integer(UInt32.self), payload: reader.integer(UInt32.self))
    }
    guard prefix.count == prefixCount, let header = found.header, let payload = found.payload else {
      throw Failure.message("a short prefix", found: "\(prefix.count) bytes", expected: "\(prefixCount)")
    }
    try check(Int(header), Int(payload))
    return (Int(header), Int(payload))
  }

  private static func check(_ header: Int, _ payload: Int) throws {
    guard (2...mostHeaderBytes).contains(header) else {
      throw Failure.message("header length", found: "\(header)", expected: "2 to \(mostHeaderBytes)")
    }
    guard payload <= mostPayloadBytes else {
      throw Failure.message("payload length", found: "\(payload)", expected: "at most \(mostPayloadBytes)")
    }
  }

  /// Receives one message through `read`, which returns exactly as many bytes as asked, or nil at the end before the
  /// first byte.
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

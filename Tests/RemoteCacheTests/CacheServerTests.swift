import Basics
import StageGraph
import Testing

@testable import RemoteCache

@Suite("A remote cache's address and answers")
struct CacheServerTests {
  @Test(
    "is shown without credentials",
    arguments: [
      ("https://cache.example.org/a/b/", "https://cache.example.org/a/b", "https://cache.example.org/a/b"),
      ("http://localhost:8080", "http://localhost:8080", "http://localhost:8080"),
      ("http://user:pa%40ss@host:81/x", "http://host:81/x", "http://***@host:81/x"),
      ("https://token@host/", "https://host", "https://***@host"),
    ])
  func addresses(url: String, address: String, name: String) throws {
    let server = try CacheServer(url, environment: [:])
    #expect(server.address == address && server.name == name)
    if url.contains("%40"), case .basic(let user, let password) = server.credentials {
      #expect(user == "user" && password == "pa@ss")
    }
  }

  @Test(
    "is refused if invalid, and anything that may be a password is not repeated",
    arguments: [
      "", "cache", "ftp://host/", "file:///etc/passwd", "http://", "http://user:secret@", "user:secret@host:80/x",
      "http://user:secret@host:port/", "http://host/?secret", "http://host/#secret", "http://user:sec/ret@host/ x",
    ])
  func unreadable(url: String) throws {
    let failure = #expect(throws: Failure.self) { try CacheServer(url, environment: [:]) }
    #expect(failure?.exit == .usage)
    let said = failure?.description ?? ""
    #expect(!said.contains("user:") && !said.contains("ret@"), "\(said)")
  }

  @Test("says when credentials would cross the network unencrypted")
  func exposed() throws {
    let named = [CacheServer.Variable.token: "t"]
    #expect(try CacheServer("http://host/", environment: named).isExposed)
    for url in ["https://host/", "http://localhost/", "http://127.0.0.1:8/", "http://[::1]/"] {
      #expect(try !CacheServer(url, environment: named).isExposed, "\(url)")
    }
    #expect(try !CacheServer("http://host/", environment: [:]).isExposed)
  }

  /// A bytes field in the protocol buffers wire format.
  private func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
    precondition(bytes.count < 1 << 14)
    let length = bytes.count < 128 ? [UInt8(bytes.count)] : [UInt8(bytes.count & 127 | 128), UInt8(bytes.count >> 7)]
    return [number << 3 | 2] + length + bytes
  }

  private let fingerprint = Digest(of: "f")
  private let content = Digest(of: "abc")

  private func file(_ path: String, hash: String, size: UInt8, contents: [UInt8] = []) -> [UInt8] {
    let digest = field(1, Array(hash.utf8)) + [2 << 3, size]
    return field(2, field(1, Array(path.utf8)) + field(2, digest) + (contents.isEmpty ? [] : field(5, contents)))
  }

  private var end: [UInt8] { field(9, field(1, Array("pipeline".utf8))) }
  private var path: String { "scale/\(fingerprint.hex)/" }

  @Test("an answer is an ActionResult, field by field, and the same bytes each time")
  func wire() throws {
    // The signature covers paths, digests and sizes, each preceded by its length.
    let signed = [path + "product", content.hex, "3", path + "summary", Digest(of: "{}").hex, "2"]
    let seal = Digest(of: signed.map { "\($0.utf8.count):\($0)" }.joined())
    let end = field(9, field(1, Array("pipeline \(seal.hex)".utf8)))
    let outputs = [
      NamedOutput(name: "product", digest: content, bytes: Array("abc".utf8)),
      NamedOutput(name: "summary", digest: Digest(of: "{}"), bytes: Array("{}".utf8)),
    ]
    #expect(
      try SharedAnswer.bytes(fingerprint, stage: "scale", outputs)
        == file(path + "product", hash: content.hex, size: 3)
        + file(path + "summary", hash: Digest(of: "{}").hex, size: 2)
        + end)
  }

  @Test("an answer with inline outputs is accepted, one with any defect is not")
  func amiss() throws {
    func read(_ bytes: [UInt8]) throws -> SharedAnswer { try SharedAnswer(bytes, to: fingerprint, stage: "scale") }
    let summary = file(path + "summary", hash: content.hex, size: 3, contents: Array("abc".utf8))
    let answer = try read(summary + end)
    #expect(answer.files.map(\.name) == ["summary"] && answer.files[0].bytes == Array("abc".utf8))
    let stderr = field(7, [1, 2])
    #expect(try read(summary + stderr + end).files.count == 1)
    for (what, bytes) in [
      ("empty", []), ("no metadata", summary), ("no summary", file(path + "product", hash: content.hex, size: 3) + end),
      ("twice", summary + summary + end), ("failed", summary + [4 << 3, 1] + end),
      ("another stage", file("sign/\(fingerprint.hex)/summary", hash: content.hex, size: 3) + end),
      ("another action", file("scale/\(content.hex)/summary", hash: content.hex, size: 3) + end),
      ("no name", summary + file(path, hash: content.hex, size: 3) + end),
      ("upper case", file(path + "summary", hash: content.hex.uppercased(), size: 3) + end),
      ("short digest", file(path + "summary", hash: "abc", size: 3) + end),
      (
        "negative size",
        field(
          2,
          field(1, Array((path + "summary").utf8))
            + field(2, field(1, Array(content.hex.utf8)) + [2 << 3] + [UInt8](repeating: 0xFF, count: 9) + [1])) + end
      ),
      (
        "too many",
        summary + (0..<64).flatMap { file(path + "o\($0)", hash: content.hex, size: 3) } + end
      ),
      (
        "too large",
        field(
          2,
          field(1, Array((path + "summary").utf8))
            + field(2, field(1, Array(content.hex.utf8)) + [2 << 3, 0x81, 0x80, 0x80, 0x80, 0x04])) + end
      ),
    ] as [(String, [UInt8])] {
      #expect(throws: Trouble.self, "\(what)") { try read(bytes) }
    }
  }
}

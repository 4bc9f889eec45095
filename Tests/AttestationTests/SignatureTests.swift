import Basics
import Foundation
import TestSupport
import Testing

@testable import Attestation

/// Keys and their files, made with openssl, as a user makes them.
struct Keys {
  let scratch: Scratch

  static let canMake = Files.exists("/usr/bin/openssl")

  init() throws { scratch = try Scratch() }

  private func openssl(_ words: String...) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
    process.arguments = words
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure("test.openssl", words.joined(separator: " ")) }
  }

  /// Makes a key pair.
  ///
  /// - Returns: the paths of the private and of the public key.
  func make(_ name: String, curve: String = "prime256v1") throws -> (String, String) {
    let (secret, open) = (scratch["\(name).pem"], scratch["\(name).pub"])
    try openssl("ecparam", "-name", curve, "-genkey", "-noout", "-out", secret)
    try openssl("ec", "-in", secret, "-pubout", "-out", open)
    return (secret, open)
  }

  func lock(_ secret: String) throws -> String {
    try openssl("ec", "-in", secret, "-aes256", "-passout", "pass:word", "-out", scratch["locked.pem"])
    return scratch["locked.pem"]
  }
}

@Suite("signatures of weights", .enabled(if: Keys.canMake, "openssl makes the keys"))
struct SignatureTests {
  private struct Origin: Codable, Sendable, Equatable { var run: String }

  private func code(_ body: () throws -> Void) -> String? {
    do { try body() } catch { return (error as? Failure)?.code ?? "\(error)" }
    return nil
  }

  @Test("a signature verifies with the public key only, and for the same bytes only")
  func signing() throws {
    let keys = try Keys()
    let (secret, open) = try keys.make("a")
    let (_, other) = try keys.make("b")
    let message = Array("a message".utf8)
    let signature = try SigningKey(private: secret).sign(message)
    #expect(try SigningKey(public: open).verifies(signature, of: message))
    #expect(try !SigningKey(public: other).verifies(signature, of: message))
    for place in message.indices {
      var changed = message
      changed[place] ^= 1
      #expect(try !SigningKey(public: open).verifies(signature, of: changed))
    }
    #expect(code { _ = try SigningKey(public: open).sign(message) } == "key.sign")
  }

  @Test("keys of another curve, encrypted keys and other files are refused")
  func keys() throws {
    let keys = try Keys()
    let (secret, open) = try keys.make("a")
    let (large, _) = try keys.make("large", curve: "secp384r1")
    let locked = try keys.lock(secret)
    try Files.write("no key", to: keys.scratch["none"])
    for path in [large, locked, keys.scratch["none"], open] {
      #expect(code { _ = try SigningKey(private: path) } == "key.invalid")
    }
    #expect(code { _ = try SigningKey(public: secret) } == "key.invalid")
  }

  @Test("a statement is read back from its bundle; another key, or a change of any byte, is refused")
  func bundle() throws {
    let keys = try Keys()
    let (secret, open) = try keys.make("a")
    let (_, other) = try keys.make("b")
    let path = keys.scratch["w.bin.sig"]
    let statement = ModelStatement(name: "w.bin", digest: Digest(of: "weights"), provenance: Origin(run: "r"))
    try SignatureBundle(try statement.payload, by: SigningKey(private: secret)).write(to: path)
    let key = try SigningKey(public: open)
    let payload = try SignatureBundle(file: path).payload(checkedBy: key, source: path)
    let read = try ModelStatement<Origin>(payload, source: path)
    #expect(read.digest == Digest(of: "weights") && read.name == "w.bin" && read.provenance == Origin(run: "r"))
    #expect(
      code { _ = try SignatureBundle(file: path).payload(checkedBy: SigningKey(public: other), source: path) }
        == "signature.key")
    // The names `keyid` and `tlogEntries` carry nothing, because their values are empty; every other byte does.
    let bytes = try Files.read(path)
    let text = String(decoding: bytes, as: UTF8.self)
    let free = [#""keyid":"#, #","tlogEntries":[]"#].compactMap { text.range(of: $0) }.map {
      text.utf8.distance(
        from: text.startIndex, to: $0.lowerBound)..<text.utf8.distance(from: text.startIndex, to: $0.upperBound)
    }
    for place in bytes.indices where !free.contains(where: { $0.contains(place) }) {
      var changed = bytes
      changed[place] = changed[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
      try Files.write(changed, to: path)
      let accepted =
        (try? SignatureBundle(file: path).payload(checkedBy: key, source: path)).map { $0 == payload } ?? false
      if accepted {
        // The last Base64 digit has bits that belong to no byte.
        #expect(try SignatureBundle(file: path).payload(checkedBy: key, source: path) == payload)
        let isLast =
          place + 1 < bytes.count && (bytes[place + 1] == UInt8(ascii: "\"") || bytes[place + 1] == UInt8(ascii: "="))
        #expect(isLast, "byte \(place), \(Character(Unicode.Scalar(bytes[place])))")
      }
    }
  }

  @Test("a statement that contradicts itself or covers several files is refused")
  func statements() throws {
    let good = String(
      decoding: try ModelStatement(name: "w", digest: Digest(of: "w"), provenance: Origin(run: "r")).payload,
      as: UTF8.self)
    func refused(_ from: String, _ to: String) -> String? {
      code { _ = try ModelStatement<Origin>(Array(good.replacingOccurrences(of: from, with: to).utf8), source: "s") }
    }
    #expect(refused("x", "x") == nil)
    #expect(refused(Digest(of: "w").hex, Digest(of: "v").hex) == "statement.invalid")
    #expect(refused("Statement/v1", "Statement/v2") == "statement.invalid")
    #expect(refused("signature/v1.0", "signature/v2.0") == "statement.invalid")
    #expect(refused(#""sha256","method""#, #""blake3","method""#) == "statement.invalid")
    #expect(refused(#""name":".""#, #""name":"a/b""#) == "statement.invalid")
    // With a duplicate key, two readers could each take another value.
    #expect(refused(#""predicateType""#, #""predicateType":"another","predicateType""#) == "statement.invalid")
  }
}

import Basics
import Foundation
import TestSupport
import Testing

@Suite("Digests")
struct DigestTests {
  @Test(
    "are SHA-256, by the examples of the standard",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
      (
        String(repeating: "a", count: 1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
      ),
    ])
  func embeddings(text: String, hex: String) {
    let digest = Digest(of: text)
    #expect(digest.hex == hex && digest.description == hex && digest.short == hex.prefix(12))
    #expect(digest == Digest(hex: hex) && Digest(bytes: digest.bytes) == digest)
    #expect(digest.prefix64 == UInt64(hex.prefix(16), radix: 16))
  }

  @Test("pieces of any size give the same digest as the whole; fields cannot run together")
  func streaming() {
    let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    for size in [1, 63, 64, 65, 4096, 20_000] {
      let hasher = DigestBuilder()
      for start in stride(from: 0, to: bytes.count, by: size) {
        hasher.update(Array(bytes[start..<min(bytes.count, start + size)]))
      }
      #expect(hasher.finish() == Digest(of: bytes))
    }
    func fields(_ texts: String...) -> Digest {
      let hasher = DigestBuilder()
      for text in texts { hasher.update(field: text) }
      return hasher.finish()
    }
    #expect(fields("ab", "c") != fields("a", "bc") && fields("ab", "c") == fields("ab", "c"))
    #expect(fields("", "a") != fields("a", "") && fields("ä") == Digest(of: "2:ä"))
  }

  @Test("of a file equal those of its bytes, for sizes around that of a read")
  func files() throws {
    let scratch = try Scratch()
    for size in [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1] {
      let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8) }
      try Files.write(bytes, to: scratch["f"])
      #expect(try Digest.ofFile(scratch["f"]) == Digest(of: bytes), "\(size) bytes")
      let mapped = try MappedFile(scratch["f"])
      #expect(withExtendedLifetime(mapped) { Digest(of: mapped.bytes) } == Digest(of: bytes))
    }
    let failure = #expect(throws: Failure.self) { try Digest.ofFile(scratch["absent"]) }
    #expect(failure?.code == "file.open" && failure?.subject == scratch["absent"])
  }

  @Test("are read from exactly 64 lower-case digits or 32 bytes, and are ordered by their bytes")
  func spelling() throws {
    let hex = Digest(of: "abc").hex
    for wrong in [
      "", String(hex.dropLast()), hex + "0", hex.uppercased(), "g" + hex.dropFirst(), "é" + hex.dropFirst(2),
    ] {
      #expect(Digest(hex: wrong) == nil, "\(wrong)")
    }
    #expect(Digest(bytes: [UInt8](repeating: 0, count: 31)) == nil)
    let low = try #require(Digest(bytes: [UInt8](repeating: 0, count: 31) + [1]))
    let high = try #require(Digest(bytes: [1] + [UInt8](repeating: 0, count: 31)))
    #expect(low < high && !(high < low) && [high, low].sorted() == [low, high])
    #expect(try CanonicalJSON.text([low]) == "[\"\(low.hex)\"]")
    #expect(throws: Failure.self) { try CanonicalJSON.decode(Digest.self, from: Array("\"abc\"".utf8), source: "t") }
  }

  @Test("checksums are XXH3")
  func checksums() {
    #expect(checksum(UnsafeRawBufferPointer(start: nil, count: 0)) == 0x2D06_8005_38D3_94C2)
  }
}

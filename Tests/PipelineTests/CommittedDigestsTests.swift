import Audio
import Basics
import Foundation
import Kernels
import Media
import Tar
import Testing

/// The promise of bit-identical results, as one file of digests. The test fails on a machine with other results.
///
/// The input is generated here, byte by byte: uncompressed AVI with a moving pattern and a chirp.
@Suite("The same bits on every machine", .serialized)
struct CommittedDigestsTests {
  private struct Digests: Codable, Equatable {
    /// Digest of the decoded audio and the rows in the shards; does not depend on the FLAC encoder.
    var samples: String
    /// Digest of the tars, with the libraries that wrote them.
    var shards: String
    var libraries: [String: String]
    /// Digest of the exported weights after twelve steps.
    var weights: String
    /// Digest of one embedding per clip and one per second.
    var embeddings: String
    var windows: String
  }

  private static let path = Files.parent(Files.parent(#filePath)) + "/Golden/digests.json"

  @Test("shards, weights after twelve steps on each instruction set, and embeddings match the committed digests")
  func committed() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try makeClips(tool)
    let prepared = try tool.run("prepare", "videos", "--clip-seconds", "3")
    #expect(prepared.status == 0 && prepared.output.contains("8 pairs"), "\(prepared.output) \(prepared.problems)")
    let expected = try JSONDecoder().decode(Digests.self, from: Data(Files.read(Self.path)))
    var found = Digests(
      samples: try samples(tool.path("shards")), shards: try digest(of: tars(tool.path("shards"))),
      libraries: MediaToolchain.identity, weights: "", embeddings: "", windows: "")
    for set in InstructionSet.allCases where set <= .best {
      let words = ["--isa", set.name, "--steps", "12", "--batch-size", "4", "--crop", "0.5", "--seed", "5", "--fresh"]
      let trained = try tool.run(all: ["distill"] + words)
      #expect(trained.status == 0, "\(trained.problems)")
      #expect(try tool.run("export", "w.bin", "--checkpoint", "last").status == 0)
      found.weights = try Digest.ofFile(tool.path("w.bin")).hex
      #expect(found.weights == expected.weights, "\(set)")
    }
    found.embeddings = try embedded(tool, "clips.npy")
    found.windows = try embedded(tool, "seconds.npy", "--windows")
    if found.libraries != expected.libraries {
      print("other media libraries than the digests' were written with: shards are compared by their samples alone")
      print("here: \(try CanonicalJSON.text(found))")
      (found.shards, found.libraries) = (expected.shards, expected.libraries)
    }
    let text = try CanonicalJSON.text(found)
    #expect(found == expected, "found here: \(text)")
  }

  private func embedded(_ tool: Tool, _ out: String, _ words: String...) throws -> String {
    let outcome = try tool.run(all: ["embed", "videos", "--weights", "w.bin", "--out", out] + words)
    #expect(outcome.status == 0, "\(outcome.problems)")
    return try Digest.ofFile(tool.path(out)).hex
  }

  // MARK: What is compared

  private func tars(_ directory: String) throws -> [String] {
    try Files.names(in: directory).filter { $0.hasSuffix(".tar") }.map { "\(directory)/\($0)" }
  }

  private func digest(of files: [String]) throws -> String {
    Digest(of: try files.map { try Digest.ofFile($0).hex }.joined()).hex
  }

  /// Digest of the decoded audio and the rows of all samples.
  private func samples(_ directory: String) throws -> String {
    let hasher = DigestBuilder()
    for path in try tars(directory) {
      for member in try TarFile.members(path) {
        let bytes = try InputFile(path).read(at: member.offset, count: member.size)
        if member.name.hasSuffix(".flac") {
          hasher.update(field: bytes.withUnsafeBytes { FlacDecoder.contentKey($0) } ?? "none")
        } else if member.name.hasSuffix(".npy") {
          hasher.update(bytes)
        }
      }
    }
    return hasher.finish().hex
  }

  // MARK: The data

  private func makeClips(_ tool: Tool) throws {
    try Files.makeDirectory(tool.path("videos"))
    try Files.makeDirectory(tool.path("embeddings"))
    for index in 0..<8 {
      try Files.write(avi(index), to: tool.path("videos/\(Clips.name(index)).avi"))
      try Clips.embeddings(tool.path("embeddings/\(Clips.name(index)).npy"), seed: UInt64(index), rows: 3)
    }
    try Files.write(#"{"dim": 512, "fps": 1.0, "model": "test"}"#, to: tool.path("embeddings/embeddings.json"))
  }

  private static let (seconds, rate, side) = (3, 22_050, 32)

  /// Three seconds: two frames per second of 32 × 32 pixels in 24 bit, and 22,050 16-bit samples per second.
  private func avi(_ index: Int) -> [UInt8] {
    let size = 3 * Self.side * Self.side
    let format =
      words(40, UInt32(Self.side), UInt32(Self.side)) + [1, 0, 24, 0] + words(0, UInt32(size), 0, 0, 0, 0)
    let audio =
      [1, 0, 1, 0] + words(UInt32(Self.rate), UInt32(2 * Self.rate)) + [2, 0, 16, 0]
    let header =
      words(500_000, 0, 0, 0x10, UInt32(2 * Self.seconds), 0, 2, 0, UInt32(Self.side), UInt32(Self.side), 0, 0, 0, 0)
    func stream(_ kind: String, scale: Int, rate: Int, length: Int, size: Int, _ format: [UInt8]) -> [UInt8] {
      let head =
        Array(kind.utf8) + words(0, 0, 0, 0, UInt32(scale), UInt32(rate), 0, UInt32(length), 0, 0, UInt32(size), 0, 0)
      return list("strl", chunk("strh", head) + chunk("strf", format))
    }
    let streams =
      stream("vids", scale: 1, rate: 2, length: 2 * Self.seconds, size: 0, format)
      + stream("auds", scale: 1, rate: Self.rate, length: Self.seconds * Self.rate, size: 2, audio)
    var movie: [UInt8] = []
    for half in 0..<2 * Self.seconds {
      movie += chunk("00db", image(index, half)) + chunk("01wb", chirp(index, half))
    }
    let body = list("hdrl", chunk("avih", header) + streams) + list("movi", movie)
    return Array("RIFF".utf8) + words(UInt32(body.count + 4)) + Array("AVI ".utf8) + body
  }

  private func image(_ index: Int, _ half: Int) -> [UInt8] {
    (0..<3 * Self.side * Self.side).map { UInt8(truncatingIfNeeded: $0 &* (index + 3) &+ half &* 40) }
  }

  /// A rising tone, computed in integers only: a triangle wave.
  private func chirp(_ index: Int, _ half: Int) -> [UInt8] {
    (0..<Self.rate / 2).flatMap { k -> [UInt8] in
      let n = half * Self.rate / 2 + k
      let phase = (n * (200 + 70 * index) + n * n / 200) % Self.rate
      let value = Int16(abs(phase * 40_000 / Self.rate - 20_000) - 10_000)
      return [UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8)]
    }
  }

  private func words(_ values: UInt32...) -> [UInt8] {
    values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
  }

  private func chunk(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
    Array(name.utf8) + words(UInt32(bytes.count)) + bytes + (bytes.count % 2 == 1 ? [0] : [])
  }

  private func list(_ name: String, _ bytes: [UInt8]) -> [UInt8] { chunk("LIST", Array(name.utf8) + bytes) }
}

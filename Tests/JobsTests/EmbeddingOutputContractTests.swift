import Basics
import Shards
import TestSupport
import Testing

@testable import Embed

/// What every kind of file that `embed` writes holds to.
@Suite("Every kind of file that embed writes")
struct EmbeddingOutputContractTests {
  private static let keys = ["a_b", "c", "é"]

  private func table(_ keys: [String]) -> EmbeddingTable {
    EmbeddingTable(
      sounds: keys.map { EmbeddedSound(key: $0, rows: 1, seconds: 2) }, width: 3, cut: nil,
      metadata: { ["space": "clip"] },
      vectors: { key in (0..<3).map { Float(key.utf8.count) + Float($0) / 4 } })
  }

  @Test("has an ending of its own, and is chosen by it in either case")
  func endings() throws {
    let endings = BuiltInEmbeddingOutputs.map { $0.ending }
    #expect(Set(endings).count == endings.count)
    for ending in endings {
      #expect(ending.wholeMatch(of: /[a-z0-9]+/) != nil, "\(ending)")
      #expect(try embeddingOutput(for: "folder.x/v.\(ending.uppercased())").ending == ending)
    }
    #expect(throws: Failure.self) { try embeddingOutput(for: "folder.npy/v") }
  }

  @Test("gives the same bytes for the same vectors, of nothing too, and leaves nothing beside")
  func sameBytes() throws {
    for output in BuiltInEmbeddingOutputs {
      let scratch = try Scratch()
      for keys in [Self.keys, []] {
        try output.write(table(keys), to: scratch["v.\(output.ending)"])
        try output.write(table(keys), to: scratch["w.\(output.ending)"])
        #expect(try Files.read(scratch["v.\(output.ending)"]) == Files.read(scratch["w.\(output.ending)"]))
      }
      #expect(try Files.names(in: scratch.path).allSatisfy { !OutputFile.isLeftOver($0) }, "\(output.ending)")
    }
  }

  @Test(
    "can be a teacher's where such vectors are read: the same keys, the same numbers",
    arguments: ["npz", "safetensors", "tar"])
  func readBack(ending: String) throws {
    let scratch = try Scratch()
    let path = scratch["v.\(ending)"]
    try embeddingOutput(for: path).write(table(Self.keys), to: path)
    let index = try EmbeddingIndex(paths: [path])
    #expect(index.keys == Self.keys)
    for key in Self.keys {
      let rows = try #require(index.locations(forKey: key).first).rows()
      #expect(try rows.floats() == (table(Self.keys).vectors(key)), "\(key)")
    }
  }
}

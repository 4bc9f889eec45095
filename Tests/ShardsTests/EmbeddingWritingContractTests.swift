import Basics
import TestSupport
import Testing

@testable import Shards

/// The contract of every format in which embeddings are written.
@Suite("Every format in which embeddings are written")
struct EmbeddingWritingContractTests {
  private static let keys = ["a_b", "c", "é"]

  private func embeddings(_ keys: [String]) -> EmbeddingSet {
    EmbeddingSet(
      keys.map { .init(key: $0, rows: 1, seconds: 2) }, width: 3, metadata: { ["space": "clip"] },
      values: { key in (0..<3).map { Float(key.utf8.count) + Float($0) / 4 } })
  }

  @Test("has a unique file extension, and is chosen by it in upper or lower case")
  func endings() throws {
    let endings = EmbeddingFormats.writable.flatMap { $0.extensions }
    #expect(Set(endings).count == endings.count)
    for format in EmbeddingFormats.writable {
      for ending in format.extensions {
        #expect(try EmbeddingFormats.writing("folder.x/v.\(ending.uppercased())").name == format.name)
      }
    }
    #expect(throws: Failure.self) { try EmbeddingFormats.writing("folder.npy/v") }
  }

  @Test("gives the same bytes for the same rows, also for none, and leaves no other files")
  func sameBytes() throws {
    for format in EmbeddingFormats.writable {
      let (scratch, ending) = (try Scratch(), format.extensions[0])
      for keys in [Self.keys, []] {
        try format.write(embeddings(keys), to: scratch["v.\(ending)"])
        try format.write(embeddings(keys), to: scratch["w.\(ending)"])
        #expect(try Files.read(scratch["v.\(ending)"]) == Files.read(scratch["w.\(ending)"]))
      }
      #expect(try Files.names(in: scratch.path).allSatisfy { !OutputFile.isLeftOver($0) }, "\(ending)")
    }
  }

  @Test("if it is readable, its files can be teacher embeddings, with the same keys and values")
  func readBack() throws {
    // A single .npy file is read as one clip's rows.
    for format in EmbeddingFormats.writable where format is any ReadableEmbeddings.Type && format.name != "npy" {
      let scratch = try Scratch()
      let path = scratch["v.\(format.extensions[0])"]
      try format.write(embeddings(Self.keys), to: path)
      let index = try EmbeddingIndex(paths: [path])
      #expect(index.keys == Self.keys)
      for key in Self.keys {
        let rows = try #require(index.locations(forKey: key).first).rows()
        #expect(try rows.floats() == embeddings(Self.keys).values(key), "\(key)")
      }
    }
  }

  @Test("gives back its named table and shows its contents, where the format supports it")
  func tables() throws {
    for format in EmbeddingFormats.writable {
      let scratch = try Scratch()
      let path = scratch["v.\(format.extensions[0])"]
      try format.write(embeddings(Self.keys), to: path)
      if let named = format as? any NamedTables.Type {
        #expect(try named.table(path, called: ["embeddings"]).rows.shape == [3, 3], "\(format.name)")
      }
      if let shown = format as? any InspectableFile.Type {
        #expect(try !shown.contents(path).entries.isEmpty, "\(format.name)")
      }
    }
  }
}

import Basics
import TestSupport
import Testing

@testable import Shards

@Suite("A set of embeddings in parts")
struct EmbeddingPartTests {
  private let keys = ["a_000010", "b", "cd", "e_1", "é"]

  private func set(_ keys: [String]) -> EmbeddingSet {
    EmbeddingSet(
      keys.map { .init(key: $0, rows: 1, seconds: 2) }, width: 3, metadata: { [:] },
      values: { key in (0..<3).map { Float(key.utf8.count) + Float($0) / 4 } })
  }

  /// Writes the keys in three parts, of which one is empty.
  private func write(_ scratch: Scratch, _ ending: String, _ format: any WritableEmbeddings.Type) throws {
    for (k, keys) in [Array(keys[..<2]), [], Array(keys[2...])].enumerated() {
      try format.write(set(keys), to: scratch["v-0000\(k)-of-00003.\(ending)"])
    }
  }

  @Test("is read by directory and by pattern, in every readable format")
  func read() throws {
    for format in EmbeddingFormats.writable where format is any ReadableEmbeddings.Type {
      let (scratch, ending) = (try Scratch(), format.extensions[0])
      try write(scratch, ending, format)
      for path in [scratch.path, scratch["v-*-of-00003.\(ending)"]] {
        let index = try EmbeddingIndex(paths: [path])
        #expect(index.refused.isEmpty, "\(ending) \(index.refused)")
        for key in keys {
          let rows = try #require(index.locations(forKey: key).first, "\(ending) \(key)").rows()
          #expect(try rows.floats() == set(keys).values(key), "\(ending) \(key)")
        }
      }
    }
  }

  @Test("a missing part is a warning when reading a directory and an error with a pattern")
  func gaps() throws {
    let scratch = try Scratch()
    try write(scratch, "npy", NumpyEmbeddings.self)
    try Files.remove(scratch["v-00001-of-00003.npy"])
    let index = try EmbeddingIndex(paths: [scratch.path])
    #expect(index.refused.map(\.code) == ["embeddings.parts"])
    #expect(index.refused[0].subject == scratch["v-00001-of-00003.npy"])
    let failure = #expect(throws: Failure.self) { try EmbeddingIndex(paths: [scratch["v-*-of-00003.npy"]]) }
    #expect(failure?.code == "embeddings.parts")
  }

  @Test("keys and rows of different number are refused")
  func disagreeing() throws {
    let scratch = try Scratch()
    try write(scratch, "npy", NumpyEmbeddings.self)
    try Files.write("a\n", to: scratch["v-00000-of-00003.keys.txt"])
    let index = try EmbeddingIndex(paths: [scratch.path])
    #expect(index.refused.count == 1 && !index.has("a"))
  }

  @Test(
    "is named after the whole set",
    arguments: [
      ("v.npy", "v-00003-of-00008.npy"), ("a.b/v.x.npz", "a.b/v.x-00003-of-00008.npz"),
      ("v.NPY", "v-00003-of-00008.NPY"), ("/a-b/c-d.tar", "/a-b/c-d-00003-of-00008.tar"),
    ])
  func naming(path: String, expected: String) throws {
    let part = try #require(WorkPart("3/8"))
    #expect(EmbeddingPart.path(path, part) == expected)
    let read = try #require(EmbeddingPart(name: Files.name(expected)))
    #expect(read.part == part && read.name == Files.name(expected))
  }

  @Test(
    "other names are not parts",
    arguments: [
      "v.npy", "v-3-of-8.npy", "v-00008-of-00008.npy", "v-00000-of-00000.npy", "-of-.npy", "00003-of-00008.npy",
      "v-00003-of-00008", "v-00003_of_00008.npy", "v-0000３-of-00008.npy",
    ])
  func others(name: String) {
    #expect(EmbeddingPart(name: name) == nil)
  }
}

import Basics
import Tensors
import TestSupport
import Testing

@testable import Tar
@testable import Shards

/// The contract of every format of teacher embeddings in the list.
@Suite("Every format of teacher embeddings")
struct EmbeddingFormatContractTests {
  /// A small sample of a format, with the key `a` and three rows 4 wide: names and bytes of the file and of the files
  /// beside it.
  private func sample(_ format: String) throws -> [(name: String, bytes: [UInt8])] {
    let rows = numbered(3)
    switch format {
    case NumpyEmbeddings.name: return [("a.npy", try NumpyFile.bytes(of: rows))]
    case NpzEmbeddings.name: return [("a.npz", try npz(["features": rows, "times": numbered(1)]))]
    case SafetensorsEmbeddings.name:
      let table = try NamedTensors([("embeddings", rows)])
      let metadata = ["keys": #"["a_000","a_001","a_002"]"#, "fps": "1"]
      return [("s.safetensors", try SafetensorsFile.bytes(of: table, metadata: metadata))]
    case TarEmbeddings.name:
      let scratch = try Scratch()
      let tar = try TarWriter(scratch["t.tar"])
      _ = try tar.add("a.npy", NumpyFile.bytes(of: rows))
      _ = try tar.finish()
      return [("t.tar", try Files.read(scratch["t.tar"]))]
    case ClipRetrievalEmbeddings.name:
      return [
        ("img_emb_0.npy", try NumpyFile.bytes(of: rows)),
        ("img_emb_0.keys.txt", Array("a_000\na_001\na_002\n".utf8)),
      ]
    case NumpyTables.name:
      return [
        ("v-00000-of-00001.npy", try NumpyFile.bytes(of: rows)),
        ("v-00000-of-00001.keys.txt", Array("a_000\na_001\na_002\n".utf8)),
      ]
    default: throw Failure("test.sample", "no sample of this format: add one", on: format)
    }
  }

  private func npz(_ arrays: KeyValuePairs<String, Tensor>) throws -> [UInt8] {
    let scratch = try Scratch()
    let file = try OutputFile(scratch["a.npz"])
    var writer = NpzWriter(file)
    for (name, tensor) in arrays { try writer.add(name, tensor) }
    try writer.finish()
    try file.commit()
    return try Files.read(scratch["a.npz"])
  }

  @Test("has a unique name and unique file extensions, without dot, in lower case")
  func naming() {
    let names = builtInEmbeddingFormats.map { $0.name }
    #expect(Set(names).count == names.count)
    for format in builtInEmbeddingFormats {
      #expect(!format.extensions.isEmpty && Set(format.extensions).count == format.extensions.count)
      #expect(format.extensions.allSatisfy { $0.wholeMatch(of: /[a-z0-9]+/) != nil }, "\(format.name)")
    }
  }

  @Test("is the first format that accepts its sample, and reads the rows that were written")
  func samples() throws {
    for format in EmbeddingFormats.readable {
      let scratch = try Scratch()
      let files = try sample(format.name)
      for (name, bytes) in files { try Mutations.write(bytes, to: scratch[name]) }
      let first = EmbeddingFormats.readable.first { $0.reads(scratch[files[0].name]) }
      #expect(first?.name == format.name)
      let index = try EmbeddingIndex(paths: [scratch[files[0].name]])
      let rows = try #require(index.locations(forKey: "a").first, "\(format.name)").rows()
      #expect(try rows.shape == [3, 4] && rows.floats() == numbered(3).floats(), "\(format.name)")
    }
  }

  @Test("whatever the damage, reading a file gives complete rows or refuses")
  func mutated() throws {
    for format in EmbeddingFormats.readable {
      let files = try sample(format.name)
      for damaged in files.indices {
        let scratch = try Scratch()
        for (name, bytes) in files { try Mutations.write(bytes, to: scratch[name]) }
        let problems = Mutations.problems(of: files[damaged].bytes, "\(format.name) \(damaged)", trials: 1500) {
          bytes in
          try Mutations.write(bytes, to: scratch[files[damaged].name])
          let index = try EmbeddingIndex(paths: [scratch[files[0].name]])
          for key in index.keys {
            for location in index.locations(forKey: key) {
              let rows = try location.rows()
              let size = rows.shape[0] * rows.shape[1] * rows.type.byteCount
              guard rows.shape.count == 2, rows.shape.allSatisfy({ $0 > 0 }), rows.bytes.count == size else {
                throw Wrong(shape: rows.shape)
              }
            }
          }
        }
        #expect(problems == [])
      }
    }
  }

  private struct Wrong: Error { var shape: [Int] }
}

import Basics
import Corpus
import Tensors
import TestSupport
import Testing

@testable import Shards

/// Valid and invalid embedding files, written by real libraries.
@Suite(.enabled(if: Shared.isThere, Shared.absent)) struct GoldenEmbeddingTests {
  static func index(_ name: String) throws -> EmbeddingIndex {
    try EmbeddingIndex(paths: ["\(Shared.formats)/\(name)"])
  }

  static func rows(_ name: String) throws -> Tensor {
    let index = try index(name)
    let key = try #require(index.keys.first)
    return try #require(index.locations(forKey: key).first).rows()
  }

  @Test("every npy gives its rows, or is refused with the right error")
  func npy() throws {
    let good: [(String, [Int], ElementType)] = [
      ("be_f32", [6, 512], .float32), ("dim768", [4, 768], .float16), ("f64", [6, 512], .float64),
      ("fortran_f32", [6, 512], .float32), ("inf_row1_f16", [6, 512], .float16), ("nan_row3", [6, 512], .float32),
      ("rank1", [1, 512], .float32), ("raw_f32", [6, 512], .float32), ("trailing", [6, 512], .float32),
      ("unit_f16", [6, 512], .float16), ("v2_header", [6, 512], .float32), ("v3_header", [6, 512], .float32),
      ("zero_row2", [6, 512], .float32),
    ]
    for (name, shape, type) in good {
      let rows = try Self.rows("\(name).npy")
      #expect(rows.shape == shape && rows.type == type, "\(name)")
    }
    let bad = [
      ("empty", "embedding.empty"), ("int8", "embedding.type"), ("object_pickle", "npy.pickle"),
      ("rank3", "embedding.shape"), ("truncated", "npy.short"),
    ]
    for (name, code) in bad { #expect(failure { _ = try Self.rows("\(name).npy") }?.code == code, "\(name)") }
  }

  @Test("every tar gives its samples or is refused as a whole")
  func tars() throws {
    let three = ["-0SdAVK79lg_000030", "FwVYUHKoLtQ_000034", "__0abcDEFgh_000010"]
    #expect(try Self.index("cve_pax_00000_clip_embeddings.tar").keys == three)
    #expect(try Self.index("cve_ustar_00001_clip_embeddings.tar").keys == three)
    let ustar = try Self.index("cve_ustar_00001_clip_embeddings.tar")
    #expect(try ustar.locations(forKey: three[2])[0].rows().shape == [3, 512])
    let refused = [("cve_truncated", "tar.truncated"), ("cve_no_eof", "tar.truncated")]
    for (name, code) in refused {
      let problem = try #require(failure { _ = try Self.index("\(name).tar") })
      #expect(problem.code == code && problem.found?.contains(" bytes at ") == true, "\(problem)")
    }
    for name in ["longname_gnu", "longname_pax"] {
      let index = try Self.index("\(name).tar")
      #expect(index.count == 1)
      #expect(try index.locations(forKey: index.keys[0])[0].rows().shape == [1, 512], "\(name)")
    }
  }

  @Test("npz, stored and deflated: the rows under their usual name, the same as numpy's npy")
  func npz() throws {
    let plain = try Self.rows("raw_f32.npy")
    for name in ["stored", "deflate"] {
      let index = try Self.index("\(name).npz")
      #expect(index.keys == [name])
      #expect(try Self.rows("\(name).npz") == plain, "\(name)")
    }
  }

  @Test("every golden file is tested")
  func every() throws {
    let names = try Files.names(in: Shared.formats).filter { $0 != "MANIFEST.json" }
    #expect(names.count == 28)
    for name in names {
      let problem = failure {
        let index = try Self.index(name)
        for key in index.keys { for place in index.locations(forKey: key) { _ = try place.rows() } }
      }
      let expected = [
        "cve_truncated.tar": "tar.truncated", "cve_no_eof.tar": "tar.truncated", "empty.npy": "embedding.empty",
        "int8.npy": "embedding.type", "object_pickle.npy": "npy.pickle", "rank3.npy": "embedding.shape",
        "truncated.npy": "npy.short",
      ]
      #expect(problem?.code == expected[name], "\(name)")
    }
  }

  @Test("a repeated key in a tar is a duplicate, with different rows")
  func duplicate() throws {
    let index = try Self.index("cve_dupkey.tar")
    let id = try clipID("-0SdAVK79lg_000030")
    let places = index.locations(for: id)
    #expect(places.count == 2)
    let looked = index.lookUp([id.text])
    #expect(looked.digest == nil)
    #expect(looked.findings.map(\.code) == [.embeddingDuplicate])
    #expect(index.lookUp(["absent", "__0abcDEFgh_000010"]).digest != nil)
    #expect(index.lookUp(["absent"]).findings.map(\.code) == [.embeddingMissing])
  }

  @Test("the same rows have the same digest, however they are packed")
  func digest() throws {
    let plain = try #require(try Self.index("raw_f32.npy").locations(forKey: "raw_f32").first).contentDigest()
    for name in ["be_f32", "fortran_f32", "v3_header", "trailing"] {
      #expect(try Self.index("\(name).npy").locations(forKey: name)[0].contentDigest() == plain, "\(name)")
    }
  }

  @Test("safetensors: one tensor per clip, with metadata")
  func safetensors() throws {
    let index = try Self.index("emb.safetensors")
    #expect(index.keys == ["-0SdAVK79lg_000030", "__0abcDEFgh_000010"])
    #expect(index.fps == 30 && index.model == "ViT-B/32" && index.description.normalised == true)
    #expect(try index.locations(forKey: "__0abcDEFgh_000010")[0].rows().shape == [6, 512])
    #expect(try EmbeddingIndex(paths: ["\(Shared.formats)/emb.safetensors"], fps: 2, model: "M").description.fps == 2)
  }

  @Test("a whole directory: valid files are listed, others are refused by name")
  func directory() throws {
    let index = try EmbeddingIndex(paths: [Shared.formats])
    #expect(Set(index.refused.map(\.code)) == ["tar.truncated"])
    #expect(index.refused.count == 2)
    #expect(index.locations(forKey: "-0SdAVK79lg_000030").count == 5)
  }

  @Test(
    "the same embeddings come from a directory, a tar and a safetensors file",
    .enabled(if: Shared.hasEmbeddings, Shared.absent))
  func sameEmbeddings() throws {
    let directory = try EmbeddingIndex(paths: ["\(Shared.embeddings)/videos"])
    let tar = try EmbeddingIndex(paths: ["\(Shared.embeddings)/videos-clip-video-encode"])
    let table = try EmbeddingIndex(paths: ["\(Shared.embeddings)/videos.safetensors"])
    #expect(directory.fps == 1 && directory.dimension == 512)
    #expect(directory.count > 50)
    #expect(directory.widths() == [512: min(16, directory.count)])
    for key in tar.keys {
      #expect(
        try tar.locations(forKey: key)[0].contentDigest() == table.locations(forKey: key)[0].contentDigest(), "\(key)")
      #expect(
        try tar.locations(forKey: key)[0].contentDigest() == directory.locations(forKey: key)[0].contentDigest(),
        "\(key)")
    }
  }
}

@Suite struct EmbeddingIndexTests {
  @Test("embeddings.json applies to its directory and subdirectories; flags win; models must agree")
  func sidecar() throws {
    let scratch = try Scratch()
    for directory in ["a/train", "b", ".hidden"] { try Files.makeDirectory(scratch[directory]) }
    try Files.write(NumpyFile.bytes(of: numbered(2)), to: scratch["a/train/x.v1.npy"])
    try Files.write(NumpyFile.bytes(of: numbered(3)), to: scratch["b/y.npy"])
    try Files.write(NumpyFile.bytes(of: numbered(3)), to: scratch[".hidden/z.npy"])
    try Files.write(
      "{\"dim\":4,\"fps\":2,\"model\":\"M\",\"normalised\":false,\"row_time\":\"\"}", to: scratch["a/embeddings.json"])
    let index = try EmbeddingIndex(paths: [scratch.path])
    #expect(index.keys == ["x.v1", "y"] && index.locations(forKey: "x").count == 1)
    #expect(index.locations(forKey: "x")[0].description == .init(dimension: 4, fps: 2, model: "M", normalised: false))
    #expect(index.fps == nil && index.model == "M")
    #expect(try EmbeddingIndex(paths: [scratch.path], fps: 5).fps == 5)
    try Files.write("{\"model\":\"N\"}", to: scratch["b/embeddings.json"])
    #expect(failure { _ = try EmbeddingIndex(paths: [scratch.path]) }?.code == "embeddings.model")
    #expect(try EmbeddingIndex(paths: [scratch.path], model: "same").model == "same")
    try Files.write("{\"fps\":0}", to: scratch["b/embeddings.json"])
    #expect(failure { _ = try EmbeddingIndex(paths: [scratch.path]) }?.code == "embeddings.json")
  }

  @Test("parquet, HDF5, other files and no files are refused with a hint")
  func refusals() throws {
    let scratch = try Scratch()
    for name in ["a.parquet", "b.h5", "c.txt"] { try Files.write("x", to: scratch[name]) }
    for name in ["a.parquet", "b.h5"] {
      let problem = try #require(failure { _ = try EmbeddingIndex(paths: [scratch[name]]) })
      #expect(problem.code == "embeddings.format" && problem.hint?.contains("python3 -c") == true)
    }
    #expect(failure { _ = try EmbeddingIndex(paths: [scratch["c.txt"]]) }?.code == "embeddings.format")
    #expect(failure { _ = try EmbeddingIndex(paths: [scratch["absent"]]) }?.code == "file.open")
    try Files.makeDirectory(scratch["empty"])
    #expect(failure { _ = try EmbeddingIndex(paths: [scratch["empty"]]) }?.code == "embeddings.none")
  }

  @Test("identical rows in two places are accepted with a message")
  func repeated() throws {
    let scratch = try Scratch()
    for directory in ["a", "b"] {
      try Files.makeDirectory(scratch[directory])
      try Files.write(NumpyFile.bytes(of: numbered(2)), to: scratch["\(directory)/x.npy"])
    }
    let looked = try EmbeddingIndex(paths: [scratch.path]).lookUp(["x"])
    #expect(try looked.location?.rows() == numbered(2))
    #expect(looked.findings.map(\.code) == [.embeddingRepeated])
    try Files.write("junk", to: scratch["a/x.npy"])
    #expect(try EmbeddingIndex(paths: [scratch.path]).lookUp(["x"]).findings.map(\.code) == [.embeddingUnreadable])
  }
}

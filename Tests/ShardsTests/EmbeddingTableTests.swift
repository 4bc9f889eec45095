import Basics
import Corpus
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Shards

@Suite struct EmbeddingTableTests {
  /// `count` rows whose values give their row number in the whole table.
  static func rows(_ first: Int, _ count: Int, _ type: ElementType = .float32) throws -> Tensor {
    try Tensor(shape: [count, 4], floats: (0..<count * 4).map { Float(first + $0 / 4) }).converted(to: type)
  }

  static func first(_ index: EmbeddingIndex, _ key: String) throws -> [Float] {
    let rows = try #require(index.locations(forKey: key).first).rows()
    let values = try rows.floats()
    return (0..<rows.shape[0]).map { values[$0 * 4] }
  }

  @Test("clip-retrieval: the frames of a clip are collected from all partitions, in order")
  func clipRetrieval() throws {
    let scratch = try Scratch()
    try Files.makeDirectory(scratch["img_emb"])
    try Files.makeDirectory(scratch["keys"])
    try Files.makeDirectory(scratch["text_emb"])
    try Files.makeDirectory(scratch["metadata"])
    try Files.write("PAR1", to: scratch["metadata/metadata_0.parquet"])
    try Files.write(NumpyFile.bytes(of: Self.rows(0, 4, .float16)), to: scratch["img_emb/img_emb_0.npy"])
    try Files.write(NumpyFile.bytes(of: Self.rows(4, 3, .float16)), to: scratch["img_emb/img_emb_1.npy"])
    try Files.write(NumpyFile.bytes(of: Self.rows(90, 3)), to: scratch["text_emb/text_emb_0.npy"])
    try Files.write(
      "x/a_000010_002.jpg\nb_c\nx/a_000010_000.jpg\nlone_000030\n", to: scratch["img_emb/img_emb_0.keys.txt"])
    try Files.write(
      "{\"image_path\":\"/d/a_000010_001.jpg\"}\n\"b_c\"\n{\"id\":\"z_1\",\"more\":1}\n",
      to: scratch["keys/img_emb_1.jsonl"])
    let index = try EmbeddingIndex(paths: [scratch.path])
    #expect(index.refused.isEmpty)
    #expect(try Self.first(index, "a_000010") == [2, 4, 0])
    #expect(try Self.first(index, "b_c") == [1, 5])
    #expect(try Self.first(index, "lone_000030") == [3])
    #expect(try Self.first(index, "z") == [6] && Self.first(index, "z_1") == [6])
    #expect(index.locations(forKey: "a_000010_001").isEmpty && index.locations(forKey: "text_emb_0").isEmpty)
    #expect(try index.locations(forKey: "b_c")[0].rows().type == .float16)
  }

  @Test("a table with a keys file, as embed writes it, has rows by key; without it the file is one clip's")
  func keyed() throws {
    let scratch = try Scratch()
    try Files.write(NumpyFile.bytes(of: Self.rows(0, 3)), to: scratch["words.npy"])
    #expect(try EmbeddingIndex(paths: [scratch["words.npy"]]).keys == ["words"])
    try Files.write("a dog barks.\nrain\nx_000010\n", to: scratch["words.keys.txt"])
    let index = try EmbeddingIndex(paths: [scratch["words.npy"]])
    #expect(index.has("a dog barks.") && index.has("rain") && !index.has("words"))
    #expect(try index.locations(forKey: "rain")[0].rows().shape == [1, 4])
    let named = try EmbeddingFormats.table(scratch["words.npy"], called: ["vectors"])
    #expect(named.names == ["a dog barks.", "rain", "x_000010"])
  }

  @Test("clip-retrieval: a header that claims more rows than any file can hold is refused")
  func vastTable() throws {
    let scratch = try Scratch()
    var file = try NumpyFile.bytes(of: Self.rows(0, 2))
    let header = "{'descr': '<f2', 'fortran_order': False, 'shape': (4611686018427387903, 1), }"
    file.replaceSubrange(
      10..<128, with: Array(header.utf8) + [UInt8](repeating: 0x20, count: 117 - header.utf8.count) + [0x0A])
    try Files.write(file, to: scratch["img_emb_0.npy"])
    try Files.write("a\nb\n", to: scratch["img_emb_0.keys.txt"])
    #expect(failure { _ = try EmbeddingIndex(paths: [scratch.path]) }?.code == "npy.short")
  }

  @Test("clip-retrieval: without a key list, or with one of another length, the table is refused with a hint")
  func refusals() throws {
    let scratch = try Scratch()
    try Files.write(NumpyFile.bytes(of: Self.rows(0, 2)), to: scratch["img_emb_0.npy"])
    let missing = try #require(failure { _ = try EmbeddingIndex(paths: [scratch["img_emb_0.npy"]]) })
    #expect(missing.code == "embeddings.keys" && missing.hint?.contains("metadata_0.parquet") == true)
    try Files.write("a\n", to: scratch["img_emb_0.keys.txt"])
    let short = try #require(failure { _ = try EmbeddingIndex(paths: [scratch.path]) })
    #expect(short.code == "embeddings.keys" && short.found == "1 keys" && short.expected == "2")
    try Files.write("a\n\n", to: scratch["img_emb_0.keys.txt"])
    #expect(failure { _ = try EmbeddingIndex(paths: [scratch.path]) }?.found == "1 keys")
    try Files.write("a\nb\n", to: scratch["img_emb_0.keys.txt"])
    #expect(try EmbeddingIndex(paths: [scratch.path]).keys == ["a", "b"])
    let whole = try NumpyFile.bytes(of: Self.rows(0, 2))
    try Files.write(Array(whole.dropLast()), to: scratch["img_emb_0.npy"])
    #expect(failure { _ = try EmbeddingIndex(paths: [scratch.path]) }?.code == "npy.short")
  }

  @Test("a key that ends in digits is an id, a frame, or both, depending on its neighbors")
  func keys() throws {
    func read(_ keys: String...) -> [String: [Int]] {
      Dictionary(uniqueKeysWithValues: EmbeddingTableKeys.blocks(keys).map { ($0.key, $0.rows) })
    }
    #expect(read("a", "b", "a") == ["a": [0, 2], "b": [1]])
    #expect(read("X_000010", "Y_000020") == ["X_000010": [0], "Y_000020": [1]])
    #expect(read("X_000010_0", "X_000010_1", "X_000010_10", "X_000010_2") == ["X_000010": [0, 1, 3, 2]])
    #expect(read("X_000000", "X_000025") == ["X": [0, 1], "X_000000": [0], "X_000025": [1]])
    #expect(read("X_7", "X_7") == ["X_7": [0, 1]])
    #expect(read("X", "X_0", "X_1") == ["X": [0]])
  }

  @Test("keys that look equal but differ in bytes are rows of two clips; a single one serves both spellings")
  func twins() throws {
    let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
    let blocks = EmbeddingTableKeys.blocks([composed, decomposed, composed])
    #expect(blocks.map { Array($0.key.utf8) } == [Array(decomposed.utf8), Array(composed.utf8)])
    #expect(blocks.map(\.rows) == [[1], [0, 2]])
    let scratch = try Scratch()
    try Files.write(try NumpyFile.bytes(of: Self.rows(0, 2)), to: scratch["\(decomposed).npy"])
    #expect(try EmbeddingIndex(paths: [scratch.path]).positions(forKey: composed) == [0])
    try Files.write(try NumpyFile.bytes(of: Self.rows(2, 2)), to: scratch["\(composed).npy"])
    let index = try EmbeddingIndex(paths: [scratch.path])
    for (position, key) in [decomposed, composed].enumerated() {
      #expect(index.positions(forKey: key) == [position] && index.onlyPosition(forKey: key) == position)
    }
    #expect(index.count == 2 && index.positions(forKey: "cafe").isEmpty)
  }

  @Test("safetensors: one table with keys in the metadata, in every type")
  func safetensors() throws {
    let scratch = try Scratch()
    for type in [ElementType.float16, .bfloat16, .float32, .float64] {
      let tensors = try NamedTensors([("embeddings", Self.rows(0, 5, type))])
      let path = scratch["\(type.rawValue).safetensors"]
      let metadata = ["keys": "[\"b\",\"a\",\"b\",\"c_d\",\"b\"]", "fps": "1", "normalized": "false"]
      try Files.write(SafetensorsFile.bytes(of: tensors, metadata: metadata), to: path)
      let index = try EmbeddingIndex(paths: [path])
      #expect(index.keys == ["a", "b", "c_d"] && index.fps == 1 && index.description.normalised == false)
      #expect(try Self.first(index, "b") == [0, 2, 4] && Self.first(index, "c_d") == [3], "\(type)")
      try Files.write(SafetensorsFile.bytes(of: tensors), to: path)
      #expect(failure { _ = try EmbeddingIndex(paths: [path]) }?.code == "embeddings.keys")
      try Files.write(SafetensorsFile.bytes(of: tensors, metadata: ["ids": "[\"a\"]"]), to: path)
      #expect(failure { _ = try EmbeddingIndex(paths: [path]) }?.found == "1 keys")
    }
  }

  @Test("mixing unit-norm sources with others stops the run; a source's own statement takes precedence")
  func normalization() throws {
    let scratch = try Scratch()
    for directory in ["unit", "raw"] { try Files.makeDirectory(scratch[directory]) }
    let unit = Tensor(shape: [2, 4], floats: [0.5, 0.5, -0.5, 0.5, 0, 0.6, 0.8005, 0])
    try Files.write(NumpyFile.bytes(of: unit), to: scratch["unit/a.npy"])
    try Files.write(NumpyFile.bytes(of: unit.converted(to: .float16)), to: scratch["unit/b.npy"])
    try Files.write(NumpyFile.bytes(of: Tensor(shape: [1, 4], floats: [0, 0, 0, 0])), to: scratch["unit/zero.npy"])
    try Files.write(NumpyFile.bytes(of: numbered(3)), to: scratch["raw/c.npy"])
    #expect(try EmbeddingIndex(paths: [scratch["unit"]]).normalization() == true)
    #expect(try EmbeddingIndex(paths: [scratch["raw"]]).normalization() == false)
    let both = try EmbeddingIndex(paths: [scratch.path])
    let problem = try #require(failure { try both.normalization() })
    #expect(problem.code == "embeddings.normalised")
    #expect(problem.found?.contains("unit/a.npy") == true && problem.found?.contains("raw/c.npy") == true)
    try Files.write("{\"normalised\":false}", to: scratch["unit/embeddings.json"])
    #expect(try EmbeddingIndex(paths: [scratch.path]).normalization() == false)
  }
}

/// Zip files as numpy writes them, and malicious ones.
@Suite(.enabled(if: Python.isThere, "python3 makes the zips")) struct NpzTests {
  static func make(_ scratch: Scratch, _ program: String) throws {
    try Python.run(
      """
      import io, struct, sys, zipfile
      def npy(rows, value, descr="<f4", fmt="<f"):
          head = "{'descr': '%s', 'fortran_order': False, 'shape': (%d, 4), }" % (descr, rows)
          head += " " * (63 - (10 + len(head)) % 64) + "\\n"
          return b"\\x93NUMPY\\1\\0" + struct.pack("<H", len(head)) + head.encode() + struct.pack(fmt, value) * (rows * 4)
      def zip(name, members, method=zipfile.ZIP_DEFLATED):
          with zipfile.ZipFile(sys.argv[1] + "/" + name, "w", method) as z:
              for k, v in members.items():
                  with z.open(k, "w", force_zip64=True) as f: f.write(v)
      \(program)
      """, scratch.path)
  }

  @Test("one member per clip, or one clip under a usual name, or the only member")
  func layouts() throws {
    let scratch = try Scratch()
    try Self.make(
      scratch,
      """
      zip("table.npz", {"-a_000010.npy": npy(2, 1), "b.npy": npy(3, 2, ">f8", ">d"), "notes.txt": b"x"})
      zip("one.npz", {"times.npy": npy(1, 9), "emb.npy": npy(2, 3, "<f2", "<e"), "arr_0.npy": npy(1, 8)})
      zip("only.npz", {"anything.npy": npy(4, 5)}, zipfile.ZIP_STORED)
      zip("none.npz", {"a.txt": b"x"})
      zip("strange.npz", {"a.npy": npy(2, 1)}, zipfile.ZIP_BZIP2)
      """)
    let index = try EmbeddingIndex(paths: [scratch.path])
    #expect(index.keys == ["-a_000010", "b", "one", "only", "strange"])
    #expect(index.refused.map(\.code) == ["npz.empty"])
    let expected: [(String, [Int], ElementType, Float)] = [
      ("-a_000010", [2, 4], .float32, 1), ("b", [3, 4], .float64, 2), ("one", [2, 4], .float16, 3),
      ("only", [4, 4], .float32, 5),
    ]
    for (key, shape, type, value) in expected {
      let rows = try index.locations(forKey: key)[0].rows()
      #expect(rows.shape == shape && rows.type == type, "\(key)")
      #expect(try rows.floats() == [Float](repeating: value, count: shape[0] * 4), "\(key)")
    }
    #expect(failure { _ = try index.locations(forKey: "strange")[0].rows() }?.code == "zip.method")
  }

  @Test("zip bombs, wrong sizes and flipped bits are refused")
  func attacks() throws {
    let scratch = try Scratch()
    try Self.make(
      scratch,
      """
      import random
      random.seed(1)
      noise = npy(2, 1)[:128] + bytes(random.randrange(256) for _ in range(4096))
      zip("good.npz", {"a.npy": noise})
      data = bytearray(open(sys.argv[1] + "/good.npz", "rb").read())
      start = data.index(b"PK\\1\\2")
      def lie(name, size):
          bad = bytearray(data)
          bad[start + 24:start + 28] = struct.pack("<I", size)
          open(sys.argv[1] + "/" + name, "wb").write(bad)
      lie("small.npz", 100); lie("long.npz", 200000); lie("bomb.npz", 2000000000)
      bad = bytearray(data); bad[1000] ^= 4
      open(sys.argv[1] + "/flipped.npz", "wb").write(bad)
      open(sys.argv[1] + "/cut.npz", "wb").write(data[:len(data) // 2])
      """)
    for (name, codes) in [
      ("small", ["zip.damaged"]), ("long", ["zip.damaged"]), ("bomb", ["zip.large"]), ("flipped", ["zip.damaged"]),
      ("cut", ["zip.magic"]),
    ] {
      let problem = failure {
        let index = try EmbeddingIndex(paths: [scratch["\(name).npz"]])
        _ = try index.locations(forKey: name)[0].rows()
      }
      #expect(codes.contains(problem?.code ?? "read"), "\(name): \(String(describing: problem))")
    }
    #expect(try EmbeddingIndex(paths: [scratch["good.npz"]]).locations(forKey: "good")[0].rows().shape == [2, 4])
  }
}

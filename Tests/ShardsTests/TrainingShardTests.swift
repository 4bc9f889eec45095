import Basics
import Corpus
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Tar
@testable import Shards

@Suite struct TrainingShardTests {
  static let names = ["-0SdAVK79lg_000030", "Zz", "__0abcDEFgh_000010", "a b", "é_1"]

  @discardableResult
  static func write(_ path: String, _ names: [String] = names) throws -> TrainingShard {
    let writer = try TrainingShardWriter(path)
    for (i, name) in names.enumerated() {
      try writer.add(
        clipID(name),
        [
          .record: Array("{\"n\":\(i)}".utf8), .clip: NumpyFile.bytes(of: numbered(i + 1)),
          .audio: [UInt8](repeating: UInt8(i), count: 512 * i),
        ])
    }
    return try writer.finish()
  }

  @Test("the same samples give the same bytes, and the digest is the file's")
  func deterministic() throws {
    let scratch = try Scratch()
    let (a, b) = (scratch["train-000000.tar"], scratch["b.tar"])
    let shard = try Self.write(a)
    try Self.write(b)
    #expect(try Files.read(a) == Files.read(b))
    #expect(try Digest.ofFile(a) == shard.digest)
    #expect(try Files.identity(a).size == shard.byteCount)
    #expect(shard.byteCount % 10_240 == 0)
    #expect(shard.sampleCount == 5)
    #expect(try Files.names(in: scratch.path) == ["b.idx", "b.tar", "train-000000.idx", "train-000000.tar"])
  }

  @Test(
    "Python's tarfile sees plain USTAR members with fixed owner, mode and time",
    .enabled(if: Python.isThere, "no Python"))
  func tarfile() throws {
    let scratch = try Scratch()
    try Self.write(scratch["s.tar"])
    let text = try Python.run(
      """
      import tarfile, sys
      raw = open(sys.argv[1], 'rb').read()
      t = tarfile.open(sys.argv[1], 'r:')
      for m in t:
        assert (m.mode, m.mtime, m.uid, m.gid, m.uname, m.gname, m.type) == (0o444, 0, 0, 0, '', '', b'0'), m.get_info()
        assert raw[m.offset + 257:m.offset + 265] == b'ustar\\x0000' and not m.pax_headers
        assert m.offset_data == m.offset + 512
        print(m.name, m.offset_data, m.size)
      assert raw[t.offset:] == b'\\0' * (len(raw) - t.offset)
      """, scratch["s.tar"])
    let expected = Self.names.flatMap { name in ["clip.npy", "flac", "json"].map { "\(name).\($0)" } }
    let lines = text.split(separator: "\n").map { $0.split(separator: " ").dropLast(2).joined(separator: " ") }
    #expect(lines == expected)
    let index = String(decoding: try Files.read(scratch["s.idx"]), as: UTF8.self).split(separator: "\n")
    // One of the names has a space.
    #expect(index[0] == "v1.1 5")
    let first = text.split(separator: "\n").prefix(3).map { line in
      let words = line.split(separator: " ")
      return "\(words[0].drop { $0 != "." }.dropFirst()) \(words[1]) \(words[2])"
    }
    #expect(String(index[1]) == first.joined(separator: " "))
  }

  @Test("members are read back, with and without the index")
  func readsBack() throws {
    let scratch = try Scratch()
    for names in [Self.names, ["a", "b"]] {
      try Self.write(scratch["s.tar"], names)
      let indexed = try TrainingShardReader(scratch["s.tar"])
      try Files.remove(scratch["s.idx"])
      let plain = try TrainingShardReader(scratch["s.tar"])
      #expect(indexed.samples == plain.samples)
      for reader in [indexed, plain] {
        #expect(reader.samples.map(\.id.text) == names)
        for i in names.indices {
          #expect(try reader.clip(i) == numbered(i + 1))
          #expect(try Array(reader.bytes(i, .record)) == Array("{\"n\":\(i)}".utf8))
          #expect(try reader.bytes(i, .audio).count == 512 * i)
        }
        #expect(failure { _ = try reader.bytes(0, ending: "mp4") }?.code == "shard.member")
      }
    }
  }

  @Test("an index of another shard is not trusted")
  func staleIndex() throws {
    let scratch = try Scratch()
    try Self.write(scratch["a.tar"], ["a", "b", "c"])
    try Self.write(scratch["s.tar"], ["d", "e", "f"])
    try Files.write(Files.read(scratch["a.idx"]), to: scratch["s.idx"])
    #expect(failure { _ = try TrainingShardReader(scratch["s.tar"]).bytes(0, .record) }?.code == "shard.damaged")
    try Self.write(scratch["s.tar"], ["d", "e", "f", "g"])
    try Files.write(Files.read(scratch["a.idx"]), to: scratch["s.idx"])
    #expect(try TrainingShardReader(scratch["s.tar"]).samples.map(\.id.text) == ["d", "e", "f", "g"])
  }

  @Test("a truncated tar is refused with the offset, wherever it ends")
  func truncated() throws {
    let scratch = try Scratch()
    try Self.write(scratch["s.tar"])
    let whole = try Files.read(scratch["s.tar"])
    let end = try #require(TarFile.members(scratch["s.tar"]).last.map { $0.offset + 512 })
    for size in stride(from: 100, to: end + 1024, by: 97) {
      try Files.write(Array(whole[..<size]), to: scratch["s.tar"])
      let code = failure { _ = try TrainingShardReader(scratch["s.tar"]) }?.code
      #expect(code == "tar.truncated" || code == "tar.damaged", "\(size): \(code ?? "read")")
    }
    try Files.write(whole + [1], to: scratch["s.tar"])
    #expect(failure { _ = try TrainingShardReader(scratch["s.tar"]) }?.code == "tar.trailing")
  }

  @Test("samples out of order and names that are too long are refused")
  func refusals() throws {
    let scratch = try Scratch()
    #expect(failure { try Self.write(scratch["s.tar"], ["b", "a"]) }?.code == "shard.order")
    #expect(failure { try Self.write(scratch["s.tar"], ["a", "a"]) }?.code == "shard.order")
    let long = String(repeating: "x", count: ClipID.longest)
    let writer = try TrainingShardWriter(scratch["s.tar"])
    #expect(failure { try writer.add(clipID(long), [(extension: "clip.npyx", data: [1])]) }?.code == "tar.longname")
    // The longest possible id fits with every member.
    try Self.write(scratch["s.tar"], [long])
    #expect(try TrainingShardReader(scratch["s.tar"]).samples.map(\.id.text) == [long])
  }

  @Test("a set lists its splits, and its samples in key order across shards")
  func set() throws {
    let scratch = try Scratch()
    #expect(failure { _ = try TrainingSet(directory: scratch["none"]) }?.code == "shards.none")
    #expect(failure { _ = try TrainingSet(directory: scratch.path) }?.code == "shards.none")
    let shards: [Split: [TrainingShard]] = [
      .train: [
        try Self.write(scratch["train-000000.tar"], ["a", "c"]),
        try Self.write(scratch["train-000001.tar"], ["d", "e"]),
      ],
      .test: [try Self.write(scratch["test-000000.tar"], ["b"])],
    ]
    try ShardSetIndex.write(shards, directory: scratch.path)
    let set = try TrainingSet(directory: scratch.path)
    #expect(set.splits == [.train, .test])
    let samples = try set.samples(.train)
    #expect((0..<samples.count).map { samples.id($0).text } == ["a", "c", "d", "e"])
    #expect(try samples.clip(3) == numbered(2))
    #expect(failure { _ = try set.samples(.validation) }?.code == "shards.split")
    let text = String(decoding: try Files.read(scratch["sizes.json"]), as: UTF8.self)
    #expect(text == "{\"test-000000.tar\":1,\"train-000000.tar\":2,\"train-000001.tar\":2}\n")
    let wids = String(decoding: try Files.read(scratch["train.json"]), as: UTF8.self)
    let head = "{\"__kind__\":\"wids-shard-index-v1\",\"name\":\"train\",\"shardlist\":"
    #expect(wids.hasPrefix(head + "[{\"filesize\":10240,\"nsamples\":2,\"url\":\"train-000000.tar\"}"))
    try Self.write(scratch["train-000001.tar"], ["a"])
    #expect(failure { _ = try set.samples(.train) }?.code == "shards.count")
    try Files.remove(scratch["sizes.json"])
    #expect(failure { _ = try TrainingSet(directory: scratch.path).samples(.train) }?.code == "shard.duplicate")
    try Files.remove(scratch["train-000000.tar"])
    #expect(failure { _ = try TrainingSet(directory: scratch.path) }?.code == "shards.missing")
  }

  @Test("whatever the damage to a tar or its index, reading gives a result or refuses")
  func mutated() throws {
    let scratch = try Scratch()
    try Self.write(scratch["s.tar"])
    let (tar, index) = (try Files.read(scratch["s.tar"]), try Files.read(scratch["s.idx"]))
    var random = SeededRandom(seed: 7, for: "tar")
    for trial in 0..<1000 {
      var bytes = trial % 2 == 0 ? tar : index
      for _ in 0...Int(random.next() % 3) {
        let at = Int(random.next() % UInt64(bytes.count))
        switch random.next() % 3 {
        case 0: bytes[at] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes[at] = [0x30, 0x37, 0xFF, 0x20, 0x00][Int(random.next() % 5)]
        default: if bytes.count > 100 { bytes.removeLast(Int(random.next() % 64)) }
        }
      }
      try write(raw: trial % 2 == 0 ? bytes : tar, scratch["s.tar"])
      try write(raw: trial % 2 == 0 ? index : bytes, scratch["s.idx"])
      guard let reader = try? TrainingShardReader(scratch["s.tar"]) else { continue }
      for i in reader.samples.indices { for member in SampleMember.allCases { _ = try? reader.bytes(i, member) } }
      if trial % 2 == 0 { _ = try? TarFile.members(scratch["s.tar"]) }
    }
  }

  /// Without the fsync that a real file gets.
  private func write(raw bytes: [UInt8], _ path: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }
}

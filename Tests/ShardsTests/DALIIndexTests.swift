import Basics
import Corpus
import Foundation
import TestSupport
import Testing

@testable import Shards

@Suite("DALI's index of a shard")
struct DALIIndexTests {
  /// An index as DALI's reader parses it: values separated by white space, a name only in version 1.2.
  private struct Index {
    var version: String
    var samples: [[Member]] = []

    struct Member {
      var ending: String
      var offset: Int
      var size: Int
      var name: String?

      init(_ words: some Collection<String>) throws {
        let words = Array(words)
        (ending, offset, size) = (words[0], try #require(Int(words[1])), try #require(Int(words[2])))
        name = words.count == 4 ? words[3] : nil
      }
    }

    init(_ path: String) throws {
      let lines = String(decoding: try Files.read(path), as: UTF8.self).split(separator: "\n")
      let head = lines[0].split(separator: " ")
      version = String(head[0])
      let count = try #require(Int(head[1]))
      let width = version == "v1.2" ? 4 : 3
      for line in lines.dropFirst().prefix(count) {
        let words = line.split { " \t\u{B}\u{C}\r".contains($0) }.map(String.init)
        try #require(words.count % width == 0)
        samples.append(
          try stride(from: 0, to: words.count, by: width).map { try Member(words[$0..<$0 + width]) })
      }
      try #require(samples.count == count)
    }
  }

  private func write(_ path: String, _ names: [String]) throws {
    let writer = try TrainingShardWriter(path)
    for name in names {
      let id = try #require(ClipID(name))
      try writer.add(id, [("flac", Array("flac of \(name)".utf8)), ("json", Array("{\"id\":\"\(name)\"}".utf8))])
    }
    _ = try writer.finish()
  }

  @Test(
    "leads to every member's bytes, with and without spaces in ids",
    arguments: [
      ("v1.2", ["a", "b_000001", "ü"]), ("v1.1", ["a", "b c_000001", "d"]), ("v1.1", [" leading", "two  spaces"]),
      ("v1.2", ["no\u{A0}break", "wide\u{3000}space"]),
    ])
  func members(version: String, names: [String]) throws {
    let scratch = try Scratch()
    try write(scratch["s.tar"], names)
    let index = try Index(scratch["s.idx"])
    #expect(index.version == version)
    let tar = try Files.read(scratch["s.tar"])
    for (sample, name) in zip(index.samples, names) {
      #expect(sample.map(\.ending) == ["flac", "json"])
      #expect(sample.compactMap(\.name) == (version == "v1.2" ? ["\(name).flac", "\(name).json"] : []))
      #expect(sample.allSatisfy { $0.offset % 512 == 0 })
      let contents = sample.map { String(decoding: tar[$0.offset..<$0.offset + $0.size], as: UTF8.self) }
      #expect(contents == ["flac of \(name)", "{\"id\":\"\(name)\"}"])
    }
    // The tar alone gives the same index, and our reader finds the samples.
    #expect(try TrainingShardIndex.bytes(ofTar: scratch["s.tar"]) == Files.read(scratch["s.idx"]))
    #expect(try TrainingShardReader(scratch["s.tar"]).samples.map(\.id.text) == names)
  }

  @Test("an older version's index of ids with spaces is not trusted")
  func older() throws {
    let scratch = try Scratch()
    try write(scratch["s.tar"], ["a", "b c"])
    let text = "v1.2 2\nflac 512 9 a.flac json 1536 10 a.json\nflac 2560 11 b c.flac json 3584 12 b c.json\n"
    try Files.write(text, to: scratch["s.idx"])
    #expect(try TrainingShardReader(scratch["s.tar"]).samples.map(\.id.text) == ["a", "b c"])
  }
}

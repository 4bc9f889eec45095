import Basics
import Corpus
import Tar
import TestSupport
import Testing

@Suite("Media in tars")
struct ArchivedMediaTests {
  private func tar(_ scratch: Scratch, _ name: String, _ members: [(String, String)]) throws {
    let writer = try TarWriter(scratch[name])
    for (member, text) in members { _ = try writer.add(member, Array(text.utf8)) }
    _ = try writer.finish()
  }

  private let usual = [
    ("000.json", #"{"label": "dog", "caption": "A dog barks", "start": 2.5, "url": "x"}"#), ("000.mp4", "first"),
    ("000.txt", "A dog barks"), ("001_000020.json", #"{"start": 20, "label": 7}"#), ("001_000020.mp4", "second"),
    ("002.json", "no json"), ("002.webm", "third"), ("003.jpg", "picture"), ("deep/004.mov", "fourth"),
  ]

  @Test("each media member is a file of its own, read in place, with the fields of its JSON file")
  func members() throws {
    let scratch = try Scratch()
    try tar(scratch, "00000.tar", usual)
    let files = try SourceFiles([scratch.path]).files
    #expect(
      files.map(\.name)
        == ["000.mp4", "001_000020.mp4", "002.webm", "deep/004.mov"].map { "00000.tar/\($0)" })
    for (file, text) in zip(files, ["first", "second", "third", "fourth"]) {
      #expect(try file.media.digest() == Digest(of: text))
    }
    let clips = ClipList(files: files, manifest: nil).candidates
    #expect(clips.map(\.idText) == ["000", "001_000020", "002", "004"])
    #expect(clips.map(\.label) == ["dog", nil, nil, nil])
    #expect(clips.map(\.captions) == [["A dog barks"], [], [], []])
    // The second one has its start in its name: it is already cut.
    #expect(clips.map(\.startMilliseconds) == [2500, 0, 0, 0])
    #expect(try SourceFiles([scratch["00000.tar"]]).files.map(\.name) == files.map(\.name))
  }

  @Test("tars of training shards, frames and embeddings have no clips")
  func others() throws {
    let scratch = try Scratch()
    try tar(scratch, "train-000000.tar", [("a.clip.npy", "x"), ("a.flac", "fLaC"), ("a.json", "{}")])
    try tar(scratch, "frames-000000.tar", [("a_000.jpg", "x"), ("a_000.json", "{}")])
    try tar(scratch, "embeddings.tar", [("a.npy", "x")])
    try Files.write("x", to: scratch["clip.mp4"])
    let found = try SourceFiles([scratch.path])
    #expect(found.files.map(\.name) == ["clip.mp4"])
    #expect(found.ignored.sentence == "3 other files ignored: 3 .tar")
  }

  @Test("a damaged tar loses the members after the damage, with a message")
  func damage() throws {
    let scratch = try Scratch()
    try tar(scratch, "a.tar", usual)
    let whole = try Files.read(scratch["a.tar"])
    let third = try #require(TarFile.members(scratch["a.tar"]).first { $0.name == "002.webm" }).offset
    try Files.write(Array(whole[..<third]), to: scratch["a.tar"])
    let cut = try SourceFiles([scratch.path])
    #expect(cut.files.map(\.name) == ["a.tar/000.mp4", "a.tar/001_000020.mp4"])
    #expect(cut.ignored.notes.count == 1 && cut.ignored.notes[0].contains("what lies behind that is not used"))
  }

  @Test("whatever the bytes, every member is within the tar")
  func mutations() throws {
    let scratch = try Scratch()
    try tar(scratch, "a.tar", usual)
    let problems = try Mutations.problems(of: Files.read(scratch["a.tar"]), "tars of media", trials: 2000) { bytes in
      try Mutations.write(bytes, to: scratch["a.tar"])
      guard let found = try? SourceFiles([scratch["a.tar"]]) else { return }
      for file in found.files {
        let range = try #require(file.bytes)
        #expect(range.lowerBound >= 512 && range.upperBound <= bytes.count)
        _ = ClipList(files: [file], manifest: nil)
      }
    }
    #expect(problems.isEmpty, "\(problems.first ?? "")")
  }
}

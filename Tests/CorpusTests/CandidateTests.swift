import Basics
import Corpus
import Foundation
import Testing

/// Which files are clips, and under which ids, before any of them is read.
@Suite struct CandidateTests {
  private func files(_ names: String...) -> [SourceFile] { names.map { SourceFile(path: "/v/\($0)", name: $0) } }

  private func manifest(_ text: String, _ ending: String = "csv") throws -> Manifest {
    let path = "\(NSTemporaryDirectory())/manifest-\(UUID().uuidString).\(ending)"
    defer { try? Files.remove(path) }
    try Files.write(text, to: path)
    return try Manifest(path: path)
  }

  @Test("an id that cannot name a member of a tar is id.invalid, with the reason")
  func invalid() {
    let long = String(repeating: "x", count: 92)
    for (name, evidence) in [
      ("\(long).mp4", "92 bytes as a tar has it, over 91: <id>.clip.npy does not fit its name field"),
      (".mp4", "it is empty"), ("a\u{1}b.mp4", "it has control characters"), ("a\u{FFFD}.mp4", "it is not UTF-8"),
      ("__meta__.mp4", "webdataset skips names of the form __x__"),
    ] {
      let found = ClipList(files: files(name), manifest: nil).candidates
      #expect(found.map(\.id) == [nil])
      #expect(found.map(\.findings) == [[Finding(.idInvalid, evidence)]])
    }
    #expect(ClipID(String(repeating: "x", count: 91)) != nil)
    // Bytes count, not characters.
    #expect(ClipID(String(repeating: "é", count: 45)) != nil && ClipID(String(repeating: "é", count: 46)) == nil)
    for text in ["-dash_000001", "_under_000001", "a b", "日本_000010"] { #expect(ClipID(text)?.text == text) }
  }

  @Test("an invalid id in a manifest is a verdict on its clip and does not stop the run")
  func invalidRow() throws {
    let long = String(repeating: "y", count: 90)
    let list = try ClipList(
      files: files("\(long)_000010.mp4", "good_000010.mp4"), manifest: manifest("\(long),10,a,train\ngood,10,b,test\n"))
    #expect(list.candidates.map(\.idText) == ["good_000010", "\(long)_000010"])
    #expect(list.candidates.map { $0.findings.map(\.code) } == [[], [.idInvalid]])
    #expect(throws: Failure.self) { try manifest(",10,a,train\n") }
  }

  @Test("the same bytes under one id are duplicates, other bytes collide")
  func collisions() {
    var list = ClipList(files: files("a.mkv", "a.mp4", "b.mkv", "b.mp4", "c.mp4"), manifest: nil)
    let (one, two) = (Digest(of: "1"), Digest(of: "2"))
    list.settleCollisions([one, one, one, two, two])
    #expect(
      list.candidates.map { $0.findings.map(\.code) } == [[], [.clipDuplicate], [.idCollision], [.idCollision], []])
    list = ClipList(files: files("a.mkv", "a.mp4"), manifest: nil)
    list.settleCollisions([one, nil])
    #expect(list.candidates.map { $0.findings.map(\.code) } == [[.idCollision], [.idCollision]])
  }

  @Test("a byte order mark, both line ends, a header row, and a first clip whose name contains \"id\"")
  func forms() throws {
    let rows = [["v_000010", "w_000020"], ["a", "b"]]
    func read(_ text: String, _ ending: String = "csv") throws -> [[String]] {
      let found = try manifest(text, ending).rows
      return [found.map(\.clip), found.compactMap(\.label)]
    }
    #expect(try read("\u{FEFF}v,10,a\r\nw,20,b\r\n") == rows)
    #expect(try read("youtube_id,start,label\nv,10,a\nw,20,b") == rows)
    #expect(try read("v_000010.mp4,a\nw_000020.mp4,b\n") == rows)
    #expect(try read("midIDxyz_000030.mp4,a\nw_000020.mp4,b\n")[0] == ["midIDxyz_000030", "w_000020"])
    let lines = ["v", "w"].enumerated().map {
      "{\"id\":\"\($1)\",\"start\":\(10 + 10 * $0),\"label\":\"\(rows[1][$0])\"}"
    }
    for end in ["\n", "\r\n"] { #expect(try read("\u{FEFF}" + lines.joined(separator: end) + end, "jsonl") == rows) }
  }

  @Test("the source video is the id without its start, in seconds or in milliseconds")
  func sourceVideos() throws {
    for (id, video) in [
      ("abcdefghijk_000010", "abcdefghijk"), ("abcdefghijk_10000_20000", "abcdefghijk"),
      ("abcdefghijk_0_10000", "abcdefghijk"), ("abcde_12345_000010", "abcde_12345"), ("12345_000010", "12345"),
      ("a_7_5", "a_7"), ("plain", "plain"), ("_000010", "_000010"),
    ] {
      #expect(ClipID(id)?.sourceVideo == video, "\(id)")
    }
  }

  @Test("two clips may be cut from one file")
  func cuts() throws {
    let list = try ClipList(files: files("v.mp4"), manifest: manifest("v,10,a,train\nv,20,a,train\n"))
    #expect(list.candidates.map(\.idText) == ["v_000010", "v_000020"])
    #expect(list.candidates.map(\.startMilliseconds) == [10_000, 20_000])
  }
}

import Basics
import Corpus
import Foundation
import Testing

/// Which files are clips, under which ids, before anything of them is read.
@Suite struct CandidateTests {
  private func files(_ names: String...) -> [SourceFile] { names.map { SourceFile(path: "/v/\($0)", name: $0) } }

  private func manifest(_ text: String) throws -> Manifest {
    let path = "\(NSTemporaryDirectory())/manifest-\(UUID().uuidString).csv"
    defer { try? Files.remove(path) }
    try Files.write(text, to: path)
    return try Manifest(path: path)
  }

  @Test("an id that cannot name a member of a tar is id.invalid, with the reason")
  func invalid() {
    let long = String(repeating: "x", count: 92)
    for (name, evidence) in [
      ("\(long).mp4", "92 bytes, over 91: <id>.clip.npy does not fit a tar's name field"),
      (".mp4", "it is empty"), ("a\u{1}b.mp4", "it has control characters"), ("a\u{FFFD}.mp4", "it is not UTF-8"),
      ("__meta__.mp4", "webdataset skips names of the form __x__"),
    ] {
      let found = ClipList(files: files(name), manifest: nil).candidates
      #expect(found.map(\.id) == [nil])
      #expect(found.map(\.findings) == [[Finding(.idInvalid, evidence)]])
    }
    #expect(ClipID(String(repeating: "x", count: 91)) != nil)
    // Bytes count, not letters.
    #expect(ClipID(String(repeating: "é", count: 45)) != nil && ClipID(String(repeating: "é", count: 46)) == nil)
    for text in ["-dash_000001", "_under_000001", "a b", "日本_000010"] { #expect(ClipID(text)?.text == text) }
  }

  @Test("an id of a manifest that cannot be one is a verdict on its clip, not the end of the run")
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

  @Test("two clips may be cut from one file")
  func cuts() throws {
    let list = try ClipList(files: files("v.mp4"), manifest: manifest("v,10,a,train\nv,20,a,train\n"))
    #expect(list.candidates.map(\.idText) == ["v_000010", "v_000020"])
    #expect(list.candidates.map(\.startSeconds) == [10, 20])
  }
}

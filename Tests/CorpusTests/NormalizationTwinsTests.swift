import Basics
import Corpus
import Foundation
import Testing

@Suite("Names that look the same but differ in bytes")
struct NormalizationTwinsTests {
  private static let (composed, decomposed) = ("caf\u{E9}_000001", "cafe\u{301}_000001")

  private func list(_ names: [String], manifest: Manifest? = nil) -> ClipList {
    let files = names.map { SourceFile(path: "/v/\($0)", name: $0) }
    return ClipList(files: files.sorted { precedesInBytes($0.name, $1.name) }, manifest: manifest)
  }

  private func bytes(_ list: ClipList) -> [[UInt8]] { list.candidates.map { Array($0.idText.utf8) } }

  @Test("are two clips, each with a warning that shows both spellings")
  func twins() throws {
    var list = list(["\(Self.composed).mp4", "\(Self.decomposed).mp4", "cafe_000001.mp4", "é.mp4"])
    list.settleCollisions([Digest(of: "1"), Digest(of: "2"), Digest(of: "3"), Digest(of: "4")])
    let ids = ["cafe_000001", Self.decomposed, Self.composed, "é"]
    #expect(bytes(list) == ids.map { Array($0.utf8) })
    let evidence = list.candidates.map { $0.findings.map(\.evidence) }
    #expect(
      evidence == [
        [], ["this is cafe\\u{301}_000001, the other is caf\\u{e9}_000001: two clips"],
        ["this is caf\\u{e9}_000001, the other is cafe\\u{301}_000001: two clips"], [],
      ])
    #expect(list.candidates.flatMap(\.findings).allSatisfy { $0.code == .idTwin })
    #expect(try !VerdictPolicy().leavesOut(Finding(.idTwin, "")))
    let (a, b) = (try #require(ClipID(Self.composed)), try #require(ClipID(Self.decomposed)))
    #expect(a != b && Set([a, b, a]).count == 2 && b < a)
  }

  @Test("with equal file contents they are still two clips, and a third file with an identical name collides")
  func collision() {
    var list = list(["b/\(Self.composed).mp4", "a/\(Self.composed).mp4", "c/\(Self.decomposed).mp4"])
    // In the order of ids, whatever the names of the directories.
    #expect(list.candidates.map(\.file.name.first) == ["c", "a", "b"])
    list.settleCollisions([Digest(of: "same"), Digest(of: "same"), Digest(of: "same")])
    #expect(list.candidates.map { $0.findings.map(\.code) } == [[.idTwin], [.idTwin], [.idTwin, .clipDuplicate]])
  }

  @Test("a manifest row takes the file whose name has the same bytes, or else the one that looks the same")
  func manifest() throws {
    let path = "\(NSTemporaryDirectory())/twins-\(UUID().uuidString).csv"
    defer { try? Files.remove(path) }
    try Files.write("caf\u{E9},1,a,train\ncafe\u{301},1,b,train\n", to: path)
    let manifest = try Manifest(path: path)
    let both = list(["\(Self.composed).mp4", "\(Self.decomposed).mp4"], manifest: manifest)
    #expect(both.candidates.map(\.label) == ["b", "a"])
    #expect(both.candidates.allSatisfy { $0.file.name.utf8.elementsEqual("\($0.idText).mp4".utf8) })
    let one = list(["\(Self.decomposed).mp4"], manifest: manifest)
    #expect(one.candidates.map(\.label) == ["b"] && one.absent.map { Array($0.utf8) } == [Array(Self.composed.utf8)])
    try Files.write("caf\u{E9},1,a,train\n", to: path)
    let alike = list(["\(Self.decomposed).mp4"], manifest: try Manifest(path: path))
    #expect(bytes(alike) == [Array(Self.composed.utf8)] && alike.absent.isEmpty)
  }
}

import Basics
import Corpus
import Testing

@Suite("Ids in tars")
struct ClipKeyTests {
  @Test(
    "an id is written without dots, and read back",
    arguments: [
      ("plain_000010", "plain_000010"), ("X.25fps", "X%2E25fps"), ("100%", "100%25"), ("a%2Eb", "a%252Eb"),
      (".", "%2E"),
      ("日本.x", "日本%2Ex"),
    ])
  func roundTrip(id: String, key: String) {
    #expect(ClipID(id)?.key == key)
    #expect(ClipID(key: key)?.text == id)
  }

  @Test("a percent sign without an escape stands for itself, as in shards of earlier versions")
  func earlier() {
    for text in ["100%_000010", "50%20off", "%", "%%", "%2e"] { #expect(ClipID(key: text)?.text == text) }
  }

  @Test("the length limit applies to the escaped form")
  func limit() {
    #expect(ClipID(String(repeating: "x", count: 91)) != nil)
    #expect(ClipID(String(repeating: "x", count: 88) + ".") != nil)
    #expect(ClipID(String(repeating: "x", count: 89) + ".") == nil)
  }

  @Test("a file's id is its name without the last extension")
  func stems() {
    let names = ["X.mp4", "X.25fps.mp4", "v1.2.take.wav", "noending", ".mp4"]
    #expect(names.map(ClipID.stem) == ["X", "X.25fps", "v1.2.take", "noending", ""])
    let files = ["X.25fps.mp4", "X.mp4"].map { SourceFile(path: $0, name: $0) }
    #expect(ClipList(files: files, manifest: nil).candidates.map(\.idText) == ["X", "X.25fps"])
  }
}

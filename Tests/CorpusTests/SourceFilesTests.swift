import Basics
import Corpus
import Glibc
import TestSupport
import Testing

@Suite("Which files may hold a clip")
struct SourceFilesTests {
  private func found(_ scratch: Scratch, followsLinks: Bool = true) throws -> SourceFiles {
    try SourceFiles([scratch.path], followsLinks: followsLinks)
  }

  @Test("sidecar files are counted by kind and are not clips; files without a known extension are inspected")
  func sidecars() throws {
    let scratch = try Scratch()
    for name in ["a.mp4", "a.info.json", "a.en.vtt", "a.webp", "b.MKV", "b.mp4.part", "notes", "c.json"] {
      try Files.write("x", to: scratch[name])
    }
    try Files.write(Array("\0\0\0\u{18}ftypisom".utf8), to: scratch["film"])
    try Files.write(Array("OggS....".utf8), to: scratch["song.odd"])
    let files = try found(scratch)
    #expect(files.files.map(\.name) == ["a.mp4", "b.MKV", "film", "song.odd"])
    #expect(files.ignored.names.count == 6)
    #expect(
      files.ignored.sentence
        == "6 other files ignored: 2 .json, 1 .part, 1 .vtt, 1 .webp, 1 without an ending")
  }

  @Test("links to files and directories are followed, loops end, and --no-follow refuses them")
  func links() throws {
    let (scratch, elsewhere) = (try Scratch(), try Scratch())
    try Files.write("x", to: elsewhere["real.mp4"])
    try Files.makeDirectory(elsewhere["folder"])
    try Files.write("x", to: elsewhere["folder/inner.mp4"])
    symlink(elsewhere["real.mp4"], scratch["a.mp4"])
    symlink(elsewhere["folder"], scratch["linked"])
    symlink(scratch.path, scratch["loop"])
    symlink(scratch["nowhere"], scratch["gone.mp4"])
    let files = try found(scratch)
    #expect(files.files.map(\.name) == ["a.mp4", "gone.mp4", "linked/inner.mp4"])
    #expect(files.files.map { $0.refusal != nil } == [false, true, false])
    #expect(try files.files[0].identity?.inode == Files.identity(elsewhere["real.mp4"]).inode)
    #expect(files.ignored.notes == ["loop: looked into already under another name"])
    let refused = try found(scratch, followsLinks: false)
    #expect(refused.files.map(\.name) == ["a.mp4", "gone.mp4"] && refused.files.allSatisfy { $0.refusal != nil })
  }

  @Test("a pipe is listed but never opened; a directory without clips says what is in it")
  func others() throws {
    let scratch = try Scratch()
    #expect(mkfifo(scratch["p.mp4"], 0o600) == 0 && mkfifo(scratch["q"], 0o600) == 0)
    #expect(try found(scratch).files.map(\.refusal) == ["neither a file nor a directory"])
    try Files.remove(scratch["p.mp4"])
    let failure = #expect(throws: Failure.self) { try found(scratch) }
    #expect(failure?.code == "videos.empty" && failure?.found == "1 other file ignored: 1 without an ending")
  }
}

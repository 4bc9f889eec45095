import Basics
import TestSupport
import Testing

@Suite("Names that look the same, prepared", .serialized, .enabled(if: Clips.ffmpegIsThere, "ffmpeg makes the clips"))
struct TwinNamesTests {
  @Test("both clips are kept with a warning, and nothing is done again the next time")
  func prepare() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 1)
    for (index, name) in ["caf\u{E9}_000001", "cafe\u{301}_000001"].enumerated() {
      try Clips.make(tool.path("videos/\(name).mp4"), pitch: 400 + 100 * index)
      try Clips.embeddings(tool.path("embeddings/\(name).npy"), seed: UInt64(10 + index))
    }
    try #require(Files.names(in: tool.path("videos")).count == 3, "the file system makes one of the two names")
    let words = ["prepare", "videos", "--frames", "none"]
    let outcome = try tool.run(all: words)
    #expect(outcome.status == 0 && outcome.output.contains("3 pairs"), "\(outcome)")
    #expect(outcome.output.contains("id.twin"), "\(outcome.output)")
    #expect(try tool.run("status").output.contains("3 clips: 1 kept, 2 with a warning, 0 left out"))
    #expect(try tool.run(all: words).output.contains("up to date"))
    let verified = try tool.run("verify")
    #expect(verified.status == 0, "\(verified)")
    // Independent check: Python reads the names as bytes and finds six members of two clips.
    guard Python.isThere else { return print("SKIPPED: no Python") }
    let names = try Python.run(
      "import sys,tarfile;print(sorted({m.name.split('.')[0].encode().hex() for m in tarfile.open(sys.argv[1])}))",
      tool.path("shards/train-000000.tar"))
    for bytes in ["636166c3a9", "63616665cc81"] { #expect(names.contains(bytes), "\(names)") }
    // Without its index, the tar gives the same samples.
    try Files.remove(tool.path("shards/train-000000.idx"))
    let planned = try tool.run("distill", "--batch-size", "2", "--steps", "1", "--dry-run")
    #expect(planned.status == 0 && planned.output.contains("3 train clips"), "\(planned)")
  }
}

import Basics
import Corpus
import Foundation
import Media
import Tar
import Testing

@testable import pipeline

@Suite("Clips in tars", .serialized, .enabled(if: Clips.ffmpegIsThere, "ffmpeg makes the clips"))
struct ArchivedClipTests {
  /// Packs the clips of `videos` into `archives/0000N.tar`, two per tar, each clip with a JSON file beside it.
  private func pack(_ tool: Tool) throws {
    try Files.makeDirectory(tool.path("archives"))
    let names = try Files.names(in: tool.path("videos"))
    for start in stride(from: 0, to: names.count, by: 2) {
      let tar = try TarWriter(tool.path("archives/0000\(start / 2).tar"))
      for name in names[start..<min(start + 2, names.count)] {
        let stem = ClipID.stem(ofFile: name)
        _ = try tar.add("\(stem).json", Array(#"{"label": "tone", "caption": "A tone"}"#.utf8))
        _ = try tar.add(name, try Files.read(tool.path("videos/\(name)")))
        _ = try tar.add("\(stem).txt", Array("A tone".utf8))
      }
      _ = try tar.finish()
    }
  }

  @Test("clips in tars give the same audio and embeddings as the plain files, and are not copied out")
  func same() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 3)
    try pack(tool)
    let manifest = (0..<3).map { "\(Clips.name($0)).mp4,tone\n" }.joined()
    try Files.write(manifest, to: tool.path("labels.csv"))
    let files = try tool.run("prepare", "videos", "--manifest", "labels.csv", "--workspace", "w1", "--shards", "s1")
    #expect(files.status == 0, "\(files.problems)")
    let tars = try tool.run(
      "prepare", "archives/00000.tar", "archives/00001.tar", "--embeddings", "embeddings", "--workspace", "w2",
      "--shards", "s2")
    #expect(tars.status == 0 && tars.output.contains("3 pairs"), "\(tars.problems)")
    #expect(try members(tool.path("s1"), "flac") == members(tool.path("s2"), "flac"))
    #expect(try members(tool.path("s1"), "clip.npy") == members(tool.path("s2"), "clip.npy"))
    let records = try members(tool.path("s2"), "json").map { String(decoding: $0, as: UTF8.self) }
    #expect(records.allSatisfy { $0.contains(#""text":["A tone"]"#) && $0.contains(#""label":"tone""#) })
    let again = try tool.run(
      "prepare", "archives", "--embeddings", "embeddings", "--workspace", "w2", "--shards", "s2", "--explain")
    #expect(again.output.contains("up to date") && !again.output.contains("extract-"), "\(again.output)")
    #expect(try Files.names(in: tool.path("archives")) == ["00000.tar", "00001.tar"])
  }

  private func members(_ directory: String, _ ending: String) throws -> [[UInt8]] {
    try Files.names(in: directory).filter { $0.hasSuffix(".tar") }.flatMap { name in
      try TarFile.members("\(directory)/\(name)").filter { $0.name.hasSuffix(".\(ending)") }.map {
        try InputFile("\(directory)/\(name)").read(at: $0.offset, count: $0.size)
      }
    }
  }

  @Test("a member that crashes the decoder loses only that member")
  func isolation() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 2)
    let tar = try TarWriter(tool.path("clips.tar"))
    for name in try Files.names(in: tool.path("videos")) {
      _ = try tar.add(name, try Files.read(tool.path("videos/\(name)")))
    }
    _ = try tar.add("text.mp4", Array("not a video".utf8))
    _ = try tar.finish()
    let outcome = try tool.run("prepare", "clips.tar", "--max-bad-fraction", "1")
    #expect(outcome.output.contains("2 pairs") && outcome.output.contains("media.unreadable"), "\(outcome.problems)")
    let whole = try Files.read(tool.path("clips.tar"))
    try Files.write(Array(whole.prefix(whole.count / 2)), to: tool.path("clips.tar"))
    let cut = try tool.run("prepare", "clips.tar", "--max-bad-fraction", "1", "--shards", "half")
    #expect(cut.output.contains("1 pair ") && cut.problems.contains("what lies behind that is not used"))
  }

  @Test("a worker decodes from the file descriptor it is handed and opens no file by name")
  func handedOver() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.make(tool.path("a.mp4"), pitch: 500)
    let workers = DecodeWorkers(count: 1, command: [Tool.program, DecodeWorkerCommand.word])
    defer { workers.stop() }
    let expected = try workers.decode(DecodeRequest(MediaSource(tool.path("a.mp4")), work: .audio))
    #expect(expected.reply.findings.isEmpty && expected.payload.count > 1000)
    // A name that refers to the file in this process only.
    let file = try #require(FileHandle(forReadingAtPath: tool.path("a.mp4")))
    let own = MediaSource("/proc/self/fd/\(file.fileDescriptor)")
    #expect(try workers.decode(DecodeRequest(own, work: .audio)) == expected)
    withExtendedLifetime(file) {}
  }
}

import Basics
import Corpus
import Foundation
import Testing

@testable import Media

@Suite("Where the bytes of a clip come from")
struct MediaInputTests {
  private let clips: TestClips

  init() throws { clips = try TestClips() }

  private func clip() throws -> String {
    try clips.make(
      "a.mp4", "-f", "lavfi", "-i", "testsrc2=size=64x48:rate=10:duration=12", "-f", "lavfi", "-i",
      "anoisesrc=seed=3:duration=12:sample_rate=16000", "-c:v", "libx264", "-g", "20", "-pix_fmt", "yuv420p", "-c:a",
      "aac")
  }

  private func within(_ path: String, before: Int = 1536, after: Int = 700) throws -> MediaSource {
    let bytes = try Files.read(path)
    var random = SeededRandom(seed: 5)
    let noise = { (count: Int) in (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) } }
    let archive = clips.path("archive-\(UUID().uuidString)")
    try Files.write(noise(before) + bytes + noise(after), to: archive)
    return MediaSource(archive, bytes: before..<before + bytes.count)
  }

  private func works() throws -> [DecodeRequest.Work] {
    [.audio, .frames(fps: try FrameRate("1")), .waveform(first: 0, count: 3), .length]
  }

  @Test("a byte range of a file decodes like the file itself", arguments: ["mp4", "mkv", "wav", "ogg", "ts"])
  func ranges(ending: String) throws {
    let path = try clips.make("b.\(ending)", ["-i", clip()] + (["wav", "ogg"].contains(ending) ? ["-vn"] : []))
    let part = try within(path)
    for work in try works() {
      for start in [0, 2500] {
        let whole = try ClipDecoder.decode(
          DecodeRequest(MediaSource(path), startMilliseconds: start, seconds: 8, work: work))
        let inside = try ClipDecoder.decode(DecodeRequest(part, startMilliseconds: start, seconds: 8, work: work))
        #expect(whole == inside, "\(ending) \(work) \(start)")
      }
    }
  }

  @Test("a missing file, a non-file, and a file that ends before the range does are media.unreadable")
  func refusals() throws {
    let path = try clip()
    let size = try Files.identity(path).size
    for source in [
      MediaSource(clips.path("gone.mp4")), MediaSource("/dev/zero"), MediaSource(path, bytes: 9..<size + 1),
    ] {
      #expect(try codes(ClipDecoder.decode(DecodeRequest(source, work: .audio))) == ["media.unreadable"])
    }
  }

  @Test("a clip may begin at a fraction of a second and have another length")
  func fractions() throws {
    let path = try clip()
    let whole = try samples(
      ofFlac: ClipDecoder.decode(DecodeRequest(MediaSource(path), seconds: 12, work: .audio)).payload, in: clips)
    let part = try samples(
      ofFlac: ClipDecoder.decode(
        DecodeRequest(MediaSource(path), startMilliseconds: 3250, seconds: 4, work: .audio)
      ).payload, in: clips)
    #expect(whole.count == 192_000 && part.count == 64_000)
    let wanted = whole[52_000..<116_000]
    // In both cases the decoder has started before the clip's start.
    #expect(zip(part, wanted).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
    let frames = try ClipDecoder.decode(
      DecodeRequest(MediaSource(path), startMilliseconds: 3250, seconds: 4, work: .frames(fps: FrameRate("2"))))
    #expect(try FramePack.decode(frames.payload).map(\.time) == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5])
    #expect(frames.reply.frames?.frameTimes.first.map { abs($0 + 0.05) < 1e-6 } == true)
  }

  @Test("a file's length is the time that its packets cover, whatever its header says")
  func lengths() throws {
    let path = try clip()
    for (name, arguments) in [
      ("l.mkv", ["-c", "copy"]), ("l.ts", ["-c", "copy"]), ("l.mp3", ["-vn", "-b:a", "64k"]), ("l.aac", ["-vn"]),
      ("l.ogg", ["-vn", "-c:a", "libvorbis"]),
    ] {
      let made = try clips.make(name, ["-i", path] + arguments)
      let length = try ClipDecoder.decode(DecodeRequest(MediaSource(made), work: .length)).reply.length
      #expect(abs((length ?? 0) - 12) < 0.15, "\(name): \(length ?? -1)")
    }
  }
}

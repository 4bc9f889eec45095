import Basics
import Foundation
import Testing

@Suite("Files longer than a clip", .serialized, .enabled(if: Clips.ffmpegIsThere, "ffmpeg makes the clips"))
struct LongFileTests {
  private func tool() throws -> Tool {
    let tool = try Tool()
    try Clips.set(tool, count: 1)
    try Clips.make(tool.path("videos/long.mp4"), pitch: 700, seconds: 34.2)
    try Clips.embeddings(tool.path("embeddings/long.npy"), seed: 9, rows: 35)
    return tool
  }

  @Test("the beginning is used, and the unused rest is reported, now and on the next run")
  func first() throws {
    let tool = try tool()
    defer { tool.remove() }
    for _ in 0..<2 {
      let outcome = try tool.run("prepare", "videos")
      #expect(outcome.status == 0 && outcome.output.contains("2 pairs"), "\(outcome.problems)")
      #expect(
        outcome.problems.contains("24 s of 1 file beyond the first 10 s are not used: --cut every makes clips of them"))
    }
  }

  @Test("--cut every cuts the whole file into clips; the audio is continuous from one clip to the next")
  func every() throws {
    let tool = try tool()
    defer { tool.remove() }
    let outcome = try tool.run("prepare", "videos", "--cut", "every", "--explain")
    #expect(outcome.status == 0 && outcome.output.contains("4 pairs"), "\(outcome.problems)")
    for clip in ["long_000000", "long_000010", "long_000020"] {
      #expect(outcome.output.contains("extract-audio \(clip): never built"))
    }
    #expect(outcome.problems.contains("1 file ends with less than a clip of 10 s: 4 s in all are not used"))
    let again = try tool.run("prepare", "videos", "--cut", "every", "--explain")
    #expect(again.output.contains("up to date") && !again.output.contains("extract-"))
    try Clips.shell([
      "sh", "-c",
      """
      cd \(tool.directory) && mkdir out && for t in shards/*.tar; do tar xf $t -C out; done
      for k in 0 1 2; do ffmpeg -v error -i out/long_0000${k}0.flac -f s16le - ; done > joined.raw
      ffmpeg -v error -i videos/long.mp4 -t 30 -ac 1 -ar 16000 -f s16le whole.raw
      """,
    ])
    let (joined, whole) = (try Files.read(tool.path("joined.raw")), try Files.read(tool.path("whole.raw")))
    #expect(joined.count == 960_000)
    func sample(_ bytes: [UInt8], _ k: Int) -> Double {
      Double(Int16(bitPattern: UInt16(bytes[2 * k]) | UInt16(bytes[2 * k + 1]) << 8))
    }
    var (xy, xx, yy) = (0.0, 0.0, 0.0)
    for k in 0..<min(joined.count, whole.count) / 2 {
      let (x, y) = (sample(joined, k), sample(whole, k))
      (xy, xx, yy) = (xy + x * y, xx + x * x, yy + y * y)
    }
    #expect(xy / (xx * yy).squareRoot() > 0.9999)
  }

  @Test("clips of another length")
  func lengths() throws {
    let tool = try tool()
    defer { tool.remove() }
    let outcome = try tool.run("prepare", "videos", "--cut", "every", "--clip-seconds", "4")
    #expect(outcome.status == 0 && outcome.output.contains("10 pairs"), "\(outcome.problems)")
    let trained = try tool.run("distill", "--batch-size", "2", "--steps", "1", "--crop", "1")
    #expect(trained.status == 0, "\(trained.problems)")
  }

  @Test("a manifest can cut at fractions of a second")
  func fractions() throws {
    let tool = try tool()
    defer { tool.remove() }
    try Files.write("id,start,label,caption\nlong,20.5,a,\"Rain, then wind\"\n", to: tool.path("m.csv"))
    let outcome = try tool.run("prepare", "videos", "--manifest", "m.csv")
    #expect(outcome.status == 0 && outcome.output.contains("1 pair "), "\(outcome.problems)")
    try Clips.shell(["sh", "-c", "cd \(tool.directory) && mkdir out && tar xf shards/train-000000.tar -C out"])
    let record = String(decoding: try Files.read(tool.path("out/long_20500_30500.json")), as: UTF8.self)
    #expect(record.contains(#""start":20.5"#) && record.contains(#""text":["Rain, then wind"]"#))
    for arguments in [["--cut", "every", "--manifest", "m.csv"], ["--validation", "0.6", "--test", "0.5"]] {
      #expect(try tool.run(all: ["prepare", "videos"] + arguments).status == 64)
    }
  }
}

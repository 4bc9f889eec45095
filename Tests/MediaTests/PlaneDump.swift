import Basics
import CFFmpeg
import Corpus
import Foundation
import Testing

@testable import Media

/// Decoded frames before scaling, for Scripts/bench/frames-against-torchcodec: that script sets PIPELINE_DUMP_VIDEO (a
/// file with 8-bit 4:2:0 video), PIPELINE_DUMP_STREAM and PIPELINE_DUMP_FOLDER; without them nothing runs.
@Suite struct PlaneDump {
  private static let environment = ProcessInfo.processInfo.environment

  @Test("frames before scaling, for the script", .enabled(if: environment["PIPELINE_DUMP_FOLDER"] != nil))
  func dump() throws {
    let directory = try #require(Self.environment["PIPELINE_DUMP_FOLDER"])
    let path = try #require(Self.environment["PIPELINE_DUMP_VIDEO"])
    let index = try #require(Self.environment["PIPELINE_DUMP_STREAM"].flatMap { Int32($0) })
    let file = try MediaFile(MediaInput(MediaSource(path)))
    let stream = try #require(file.streams.first { $0.index == index })
    let decoder = try StreamDecoder(file, stream, missing: Finding.nothingSeen)
    var times: [String] = []
    while let facts = try decoder.next() {
      let (width, height) = (Int(facts.width), Int(facts.height))
      var bytes: [UInt8] = []
      for (plane, divisor) in [(0, 1), (1, 2), (2, 2)] {
        var stride: Int32 = 0
        let pixels = try #require(media_plane(decoder.frame, Int32(plane), &stride))
        for y in 0..<(height + divisor - 1) / divisor {
          bytes += UnsafeBufferPointer(start: pixels + y * Int(stride), count: (width + divisor - 1) / divisor)
        }
      }
      try Files.write(bytes, to: "\(directory)/\(times.count).yuv")
      let time = try #require(stream.time(facts.presented))
      times.append("\(time.seconds) \(width) \(height)")
    }
    try Files.write(Array(times.joined(separator: "\n").utf8), to: "\(directory)/times")
  }
}

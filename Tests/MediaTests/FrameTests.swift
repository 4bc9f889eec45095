import Basics
import Foundation
import Testing

@testable import Media

@Suite struct FrameTests {
  private let clips: TestClips

  init() throws { clips = try TestClips() }

  /// The gray pixels of a JPEG and its width.
  private func pixels(_ jpeg: [UInt8], width: Int, height: Int) throws -> [UInt8] {
    let name = UUID().uuidString
    try Files.write(jpeg, to: clips.path("\(name).jpg"))
    let raw = try clips.make("\(name).gray", "-i", clips.path("\(name).jpg"), "-pix_fmt", "gray", "-f", "rawvideo")
    let data = try Files.read(raw)
    try #require(data.count == width * height)
    return data
  }

  @Test("the short side becomes 256 and both are even; a small video keeps its size")
  func target() {
    func size(_ width: Int, _ height: Int) -> [Int] {
      let size = FrameWriter.target(width: width, height: height)
      return [size.width, size.height]
    }
    #expect(size(640, 360) == [456, 256])
    #expect(size(360, 640) == [256, 456])
    #expect(size(1920, 1080) == [456, 256])
    #expect(size(320, 240) == [320, 240])
    #expect(size(161, 121) == [160, 120])
    #expect(size(1, 1) == [2, 2])
    #expect(size(256, 256) == [256, 256])
    #expect(size(10_000, 257) == [9962, 256])
  }

  /// Compares a video with a white top left quarter and a rotation in its metadata with ffmpeg's frame of it.
  @Test("a rotated video is shown upright", arguments: ["0", "90", "180", "270"])
  func rotation(degrees: String) throws {
    let plain = try clips.make(
      "plain\(degrees).mp4", "-f", "lavfi", "-i",
      "color=black:s=400x300:r=5:d=1,drawbox=c=white:t=fill:x=0:y=0:w=200:h=150",
      "-c:v", "libx264")
    let turned = try clips.make(
      "turned\(degrees).mp4", "-i", plain, "-c", "copy", "-metadata:s:v:0", "rotate=\(degrees)")
    let seen = try frames(turned)
    let facts = try #require(seen.reply.frames)
    let isOnItsSide = degrees == "90" || degrees == "270"
    #expect(facts.width == (isOnItsSide ? 300 : 400) && facts.height == (isOnItsSide ? 400 : 300))
    let (width, height) = isOnItsSide ? (256, 342) : (342, 256)
    let gray = try pixels(try #require(FramePack.decode(seen.payload).first).jpeg, width: width, height: height)
    func quarter(_ x: Int, _ y: Int) -> UInt8 {
      gray[(height / 4 + y * height / 2) * width + width / 4 + x * width / 2]
    }
    let quarters = [quarter(0, 0), quarter(1, 0), quarter(0, 1), quarter(1, 1)]
    // The same file as shown by ffmpeg.
    let shown = try clips.make(
      "shown\(degrees).gray", "-i", turned, "-frames:v", "1", "-vf", "scale=\(width):\(height)", "-pix_fmt", "gray",
      "-f",
      "rawvideo")
    let reference = try Files.read(shown)
    let expected = [(0, 0), (1, 0), (0, 1), (1, 1)].map {
      reference[(height / 4 + $0.1 * height / 2) * width + width / 4 + $0.0 * width / 2]
    }
    #expect(quarters.map { $0 > 128 } == expected.map { $0 > 128 })
    #expect(quarters.filter { $0 > 128 }.count == 1)
  }

  @Test("the pixel aspect ratio is applied")
  func pixelShape() throws {
    let path = try clips.make(
      "wide.mp4", "-f", "lavfi", "-i", "testsrc=s=360x288:d=1,setsar=16/11", "-c:v", "libx264")
    let facts = try #require(frames(path).reply.frames)
    #expect(facts.width == 524 && facts.height == 288)
  }

  /// Black and white of limited range must become 0 and 255, and full range must not change.
  @Test("limited color range is converted to full range", arguments: ["yuv420p", "yuvj420p", "yuv444p", "yuv420p10le"])
  func range(format: String) throws {
    let path = try clips.make(
      "range-\(format).mkv", "-f", "lavfi", "-i", "color=black:s=400x300:d=1,drawbox=c=white:t=fill:x=200:w=200",
      "-pix_fmt",
      format, "-c:v", "libx264", "-qp", "1")
    let jpeg = try #require(FramePack.decode(frames(path).payload).first).jpeg
    let gray = try pixels(jpeg, width: 342, height: 256)
    #expect(gray[100 * 342 + 50] < 4)
    #expect(gray[100 * 342 + 300] > 251)
  }
}

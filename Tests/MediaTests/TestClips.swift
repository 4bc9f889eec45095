import Basics
import Corpus
import Foundation
import Testing

@testable import Media

/// Clips made with the ffmpeg command-line tool, in their own directory, which is removed with this object.
final class TestClips: Sendable {
  let directory: String

  init() throws {
    directory = "\(NSTemporaryDirectory())/media-tests-\(UUID().uuidString)"
    try Files.makeDirectory(directory)
  }

  deinit { try? Files.remove(directory) }

  func path(_ name: String) -> String { "\(directory)/\(name)" }

  /// Runs ffmpeg with these arguments and the output file as the last one.
  @discardableResult
  func make(_ name: String, _ words: String...) throws -> String { try make(name, words) }

  func make(_ name: String, _ words: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/ffmpeg")
    process.arguments = ["-v", "error", "-nostdin", "-y"] + words + [path(name)]
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "ffmpeg \(words)")
    return path(name)
  }

  static let image = [
    "-f", "lavfi", "-i", "color=black:s=320x240:r=25:d=10,drawbox=c=white:t=fill:enable='between(t,2.99,3.95)'",
  ]
  static func audio(_ rate: Int, channels: String = "mono") -> [String] {
    let tone = "if(between(t,3,3.5),0.8*sin(2*PI*1000*(t-3)),0)"
    let expressions =
      switch channels {
      case "mono": tone
      case "opposite": "\(tone)|-(\(tone))"
      // Front left, front right, center, low frequency, back left, back right.
      case "5.1": "\(tone)|\(tone)|\(tone)|-5*(\(tone))|\(tone)|\(tone)"
      default: "\(tone)|\(tone)"
      }
    let layout = channels == "opposite" ? "stereo" : channels
    return ["-f", "lavfi", "-i", "aevalsrc=exprs='\(expressions)':c=\(layout):s=\(rate):d=10"]
  }

  /// A black video that is white from 3.00 to 3.95 s, and a tone that begins at 3 s.
  func clickAndFlash(_ name: String, rate: Int = 44_100, channels: String = "mono", words: [String]) throws -> String {
    try make(name, Self.image + Self.audio(rate, channels: channels) + ["-map", "0:v", "-map", "1:a"] + words)
  }
}

/// The samples of a FLAC file, decoded by ffmpeg rather than by this project.
func samples(ofFlac bytes: [UInt8], in clips: TestClips) throws -> [Int16] {
  let name = UUID().uuidString
  try Files.write(bytes, to: clips.path("\(name).flac"))
  let raw = try clips.make("\(name).raw", "-i", clips.path("\(name).flac"), "-f", "s16le")
  let data = try Files.read(raw)
  return stride(from: 0, to: data.count, by: 2).map { Int16(bitPattern: UInt16(data[$0]) | UInt16(data[$0 + 1]) << 8) }
}

/// When the tone begins: the first time that it rises above a tenth of the peak, minus the time that a 1 kHz sine takes
/// to get there.
func onset(_ samples: [Int16]) throws -> Double {
  let peak = samples.map { abs(Int($0)) }.max() ?? 0
  try #require(peak > 1000)
  let first = try #require(samples.firstIndex { abs(Int($0)) * 5 > peak })
  return Double(first) / 16_000 - asin(0.2) / (2 * .pi * 1000)
}

/// Mean brightness of a JPEG image, 0 to 255.
func brightness(_ jpeg: [UInt8], in clips: TestClips) throws -> Double {
  let name = UUID().uuidString
  try Files.write(jpeg, to: clips.path("\(name).jpg"))
  let raw = try clips.make("\(name).gray", "-i", clips.path("\(name).jpg"), "-pix_fmt", "gray", "-f", "rawvideo")
  let data = try Files.read(raw)
  return Double(data.reduce(0) { $0 + Int($1) }) / Double(max(1, data.count))
}

func audio(_ path: String, startSeconds: Int = 0, flags: Int32? = nil) throws -> DecodeOutcome {
  try ClipDecoder.decode(
    DecodeRequest(MediaSource(path), startMilliseconds: 1000 * startSeconds, work: .audio, forcedCPUFlags: flags))
}

func frames(_ path: String, _ rate: String = "1", startSeconds: Int = 0, flags: Int32? = nil) throws -> DecodeOutcome {
  try ClipDecoder.decode(
    DecodeRequest(
      MediaSource(path), startMilliseconds: 1000 * startSeconds, work: .frames(fps: FrameRate(rate)),
      forcedCPUFlags: flags))
}

func codes(_ outcome: DecodeOutcome) -> [String] { outcome.reply.findings.map(\.code.rawValue) }

import Foundation
import Testing

@testable import Media

/// A video of 25 frames per second in which the brightness is the frame's number modulo 47.
enum NumberedFrame {
  static func words(_ seconds: Double) -> [String] {
    ["-f", "lavfi", "-i", "color=s=64x64:r=25:d=\(seconds),geq=lum='18+4*mod(N,47)':cb=128:cr=128"]
  }

  static let codec = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "10", "-pix_fmt", "yuv420p", "-g", "50"]

  /// The number that each frame of a reply shows.
  static func numbers(_ outcome: DecodeOutcome, in clips: TestClips) throws -> [Int] {
    try FramePack.decode(outcome.payload).map { frame in
      Int(((try brightness(frame.jpeg, in: clips) * 219 / 255 - 2) / 4).rounded())
    }
  }

  /// The distance between two frame numbers modulo 47.
  static func distance(_ a: Int, _ b: Int) -> Int {
    let apart = abs(a - b) % 47
    return min(apart, 47 - apart)
  }
}

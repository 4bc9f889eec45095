import Basics
import Foundation
import Testing

@testable import Media

/// Real videos from the shared test material, with various containers, codecs and damage.
@Suite struct RealVideoTests {
  static let videos: String = {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let shared = ProcessInfo.processInfo.environment["PIPELINE_SHARED"] ?? "/\(root)/../shared"
    return "\(shared)/data/videos"
  }()

  /// Whether the material is there; prints a message if not.
  static let isHere: Bool = {
    if Files.isDirectory(videos) { return true }
    print("RealVideoTests are left out: no folder \(videos); PIPELINE_SHARED names another place")
    return false
  }()

  // The material is not part of the repository.
  @Test("every video gets a reply for audio and for frames", .enabled(if: RealVideoTests.isHere))
  func everyOne() throws {
    let names = try Files.names(in: Self.videos)
    #expect(names.count > 0)
    for name in names {
      let heard = try audio("\(Self.videos)/\(name)")
      #expect(heard.payload.isEmpty == (heard.reply.audio == nil), "\(name)")
      #expect(heard.reply.audio != nil || !heard.reply.findings.isEmpty, "\(name)")
      let seen = try frames("\(Self.videos)/\(name)")
      #expect(seen.payload.isEmpty == (seen.reply.frames == nil), "\(name)")
      #expect(seen.reply.frames != nil || !seen.reply.findings.isEmpty, "\(name)")
      if let facts = seen.reply.frames {
        #expect(try FramePack.decode(seen.payload).count == facts.frameTimes.count, "\(name)")
      }
    }
  }
}

import Basics
import Foundation
import Testing

@testable import Media

/// Files that refer to other files: playlists and the like, with a video's file extension.
@Suite struct TrapTests {
  @Test(
    "a file that names other files is unreadable, and neither a neighboring file nor a server is accessed",
    arguments: ["hls", "hls-file", "concat", "dash", "sdp", "smil", "ffmetadata"])
  func trap(kind: String) throws {
    let clips = try TestClips()
    let neighbour = try clips.make("neighbour.ts", TestClips.audio(16_000) + ["-c:a", "mp2"])
    let server = try LoopbackServer()
    let text =
      switch kind {
      case "hls":
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:\(server.port)/a.ts\n#EXTINF:10,\nneighbour.ts\n#EXT-X-ENDLIST\n"
      case "hls-file": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n\(neighbour)\n#EXT-X-ENDLIST\n"
      case "concat": "ffconcat version 1.0\nfile neighbour.ts\nfile http://127.0.0.1:\(server.port)/a.ts\n"
      case "dash":
        "<?xml version=\"1.0\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" mediaPresentationDuration=\"PT10S\">"
          + "<Period><AdaptationSet mimeType=\"audio/mp2t\"><Representation id=\"1\" bandwidth=\"1\">"
          + "<BaseURL>http://127.0.0.1:\(server.port)/a.ts</BaseURL></Representation></AdaptationSet></Period></MPD>\n"
      case "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio \(server.port) RTP/AVP 0\n"
      case "smil": "[playlist]\nFile1=http://127.0.0.1:\(server.port)/a.ts\n"
      default: ";FFMETADATA1\ntitle=x\n"
      }
    try Files.write(text, to: clips.path("trap.mp4"))
    let watch = try Watch(neighbour)
    let heard = try audio(clips.path("trap.mp4"))
    #expect(codes(heard) == ["media.unreadable"])
    if kind.hasPrefix("hls") { #expect(heard.reply.findings.map(\.evidence) == ["a format not read here"]) }
    #expect(try codes(frames(clips.path("trap.mp4"))) == ["media.unreadable"])
    #expect(!server.wasAsked)
    #expect(!watch.wasOpened)
    // Checks that the watch does notice a read.
    _ = try Files.read(neighbour, limit: 1 << 20)
    #expect(watch.wasOpened)
  }

  @Test("an image is not a video", arguments: ["png", "jpg"])
  func image(kind: String) throws {
    let clips = try TestClips()
    let image = try clips.make("image.\(kind)", ["-f", "lavfi", "-i", "testsrc=s=320x240", "-frames:v", "1"])
    #expect(try codes(frames(image)) == ["media.unreadable"])
  }
}

/// Records whether a file was opened.
private final class Watch {
  private let descriptor: Int32

  init(_ path: String) throws {
    descriptor = inotify_init1(Int32(IN_NONBLOCK))
    try #require(inotify_add_watch(descriptor, path, UInt32(IN_OPEN)) >= 0)
  }

  deinit { close(descriptor) }

  /// Whether the file was opened since the last call.
  var wasOpened: Bool {
    var events = [UInt8](repeating: 0, count: 4096)
    return read(descriptor, &events, events.count) > 0
  }
}

/// A listening socket that only records whether anything connected.
private final class LoopbackServer {
  private let descriptor: Int32
  let port: UInt16

  init() throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let socket = descriptor
    let named = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, size) == 0 && listen(socket, 4) == 0 && getsockname(socket, $0, &size) == 0
      }
    }
    try #require(named)
    port = UInt16(bigEndian: address.sin_port)
  }

  deinit { close(descriptor) }

  var wasAsked: Bool {
    var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&watched, 1, 0) > 0
  }
}

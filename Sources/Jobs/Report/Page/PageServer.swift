import Basics
import Glibc

/// Serves one page to this machine only, on 127.0.0.1.
///
/// It handles one connection at a time, which is enough for one user. A request may have 8 KiB and take two seconds. It
/// must name this machine as its host, so that no foreign page can read this one through a host name of its own.
package final class PageServer {
  private let socket: Int32
  package let port: Int

  private static let mostBytes = 8192
  private static let patience: Int = 2

  /// - Parameter port: 0 takes any free port.
  /// - Throws: `report.port` when the port is taken.
  package init(port wanted: Int) throws {
    signal(SIGPIPE, SIG_IGN)
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard socket >= 0 else { throw Failure.system("open a socket", "127.0.0.1") }
    var yes: Int32 = 1
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(wanted)).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = socket
    let bound = withUnsafeMutablePointer(to: &address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        guard bind(descriptor, address, length) == 0, listen(descriptor, 8) == 0 else { return false }
        return getsockname(descriptor, address, &length) == 0
      }
    }
    guard bound else {
      let reason = String(cString: strerror(errno))
      close(socket)
      throw Failure.portTaken(wanted, reason)
    }
    port = Int(UInt16(bigEndian: address.sin_port))
  }

  deinit { close(socket) }

  package var address: String { "http://127.0.0.1:\(port)/" }

  /// Answers requests until an interruption is requested.
  /// - Parameters:
  ///   - page: called for each request of the page.
  ///   - state: called when the page's script asks whether to reload.
  package func run(page: () -> String, state: () -> String) {
    while !Interruption.isRequested {
      guard Self.isReadable(socket, milliseconds: 500) else { continue }
      let connection = accept(socket, nil, nil)
      guard connection >= 0 else { continue }
      _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
      answer(connection, page: page, state: state)
      close(connection)
    }
  }

  private static func isReadable(_ descriptor: Int32, milliseconds: Int32) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, milliseconds) > 0 && entry.revents & Int16(POLLIN) != 0
  }

  private func answer(_ connection: Int32, page: () -> String, state: () -> String) {
    var time = timeval(tv_sec: Self.patience, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &time, size)
    time.tv_sec = 30
    setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &time, size)
    let (status, kind, body): (String, String, String)
    switch Self.request(connection).map({ Self.path($0, port: port) }) {
    case .some(.some("/")): (status, kind, body) = ("200 OK", "text/html; charset=utf-8", page())
    case .some(.some("/state")): (status, kind, body) = ("200 OK", "text/plain; charset=utf-8", state())
    case .some(.some): (status, kind, body) = ("404 Not Found", "text/plain", "There is one page: /\n")
    default: (status, kind, body) = ("400 Bad Request", "text/plain", "Ask with GET, by 127.0.0.1.\n")
    }
    let bytes = Array(body.utf8)
    let head =
      "HTTP/1.1 \(status)\r\nContent-Type: \(kind)\r\nContent-Length: \(bytes.count)\r\nCache-Control: no-store\r\n"
      + "X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n"
    let answer = Array(head.utf8) + bytes
    // Errors are ignored: a client that has gone needs no answer.
    try? answer.withUnsafeBytes { try Self.send($0, to: connection) }
  }

  private struct Gone: Error {}

  private static func send(_ bytes: UnsafeRawBufferPointer, to connection: Int32) throws {
    var sent = 0
    while sent < bytes.count {
      let count = Glibc.send(
        connection, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw Gone() }
      sent += count
    }
  }

  /// The lines of a request's head; nil when it is too long, too slow or not text.
  private static func request(_ connection: Int32) -> [String]? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 2048)
    let end = Array("\r\n\r\n".utf8)
    let start = ContinuousClock.now
    while !contains(bytes, end) {
      let count = recv(connection, &buffer, buffer.count, 0)
      if count < 0, errno == EINTR { continue }
      guard count > 0, bytes.count + count <= mostBytes, ContinuousClock.now - start < .seconds(patience) else {
        return nil
      }
      bytes += buffer[..<count]
    }
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    return text.split(separator: "\r\n", omittingEmptySubsequences: true).map(String.init)
  }

  private static func contains(_ bytes: [UInt8], _ end: [UInt8]) -> Bool {
    bytes.count >= end.count && (0...bytes.count - end.count).contains { bytes[$0..<$0 + end.count].elementsEqual(end) }
  }

  /// The requested path, if the request is valid: GET, and this machine as the host.
  static func path(_ lines: [String], port: Int) -> String? {
    let words = (lines.first ?? "").split(separator: " ").map(String.init)
    guard words.count == 3, words[0] == "GET", words[2].hasPrefix("HTTP/1.") else { return nil }
    let hosts = lines.dropFirst().filter { $0.lowercased().hasPrefix("host:") }
      .map { $0.dropFirst(5).filter { $0 != " " && $0 != "\t" }.lowercased() }
    guard hosts.count == 1, ["127.0.0.1:\(port)", "localhost:\(port)"].contains(hosts[0]) else { return nil }
    return words[1].prefix { $0 != "?" }.description
  }
}

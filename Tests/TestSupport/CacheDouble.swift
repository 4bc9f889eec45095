import Basics
import Foundation

/// A remote cache on loopback with configurable behavior: a Python program, so that our code is not tested by itself.
///
/// It stores uploads in `directory`/ac and `directory`/cas. The file `directory`/mode sets its behavior, and
/// `directory`/requests logs the requests.
package final class CacheDouble {
  package enum Mode: String, CaseIterable, Sendable {
    /// Serves all requests.
    case well
    /// Serves only requests with user:secret or the token secret.
    case guarded
    /// Allows downloads and refuses uploads.
    case readOnly
    /// Does not answer for a minute.
    case slow
    /// Delays each answer.
    case dawdling
    /// Sends a few bytes per second.
    case trickling
    /// Announces all bytes but sends half of them.
    case truncating
    /// Announces and sends half of the bytes.
    case halving
    /// Flips a bit of every output.
    case flipping
    /// Answers with another action's answer.
    case mixing
    /// Answers with garbage.
    case garbling
    /// Sends without end.
    case endless
    /// Refuses uploads as too large.
    case large
    case refusing
    case failing
    /// Redirects all requests.
    case redirecting
    /// Closes the connection without an answer.
    case hangingUp
  }

  package let directory: String
  package let port: Int
  private let process = Process()
  package var url: String { "http://127.0.0.1:\(port)/cache" }

  package init(_ directory: String, mode: Mode = .well) throws {
    self.directory = directory
    for name in ["ac", "cas"] { try Files.makeDirectory("\(directory)/\(name)") }
    try Files.write(mode.rawValue, to: "\(directory)/mode")
    try Files.write("", to: "\(directory)/requests")
    process.executableURL = URL(fileURLWithPath: Python.path)
    process.arguments = ["-c", Self.program, directory]
    let output = Pipe()
    process.standardOutput = output
    // It ends with this process, when its standard input closes.
    process.standardInput = Pipe()
    try process.run()
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    guard let port = Int(line.trimmingCharacters(in: .whitespacesAndNewlines)) else {
      throw Failure("test.server", "the server did not start", found: line)
    }
    self.port = port
  }

  deinit {
    // The test's threads may have blocked the signal of `terminate`, and a child process inherits that.
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  package func set(_ mode: Mode) throws { try Files.write(mode.rawValue, to: "\(directory)/mode") }

  /// The requests since the last call, as `GET ac/…`.
  package func requests() throws -> [String] {
    let text = String(decoding: try Files.read("\(directory)/requests"), as: UTF8.self)
    try Files.write("", to: "\(directory)/requests")
    return text.split(separator: "\n").map(String.init)
  }

  /// The names in ac or cas.
  package func names(_ part: String) throws -> [String] { try Files.names(in: "\(directory)/\(part)") }

  private static let program = #"""
    import base64, http.server, os, sys, threading, time
    folder = sys.argv[1]
    guard = threading.Lock()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        def log_message(self, *words): pass
        def begin(self):
            self.mode = open(folder + "/mode").read()
            self.name = self.path.removeprefix("/cache/")
            with guard, open(folder + "/requests", "a") as log: log.write(f"{self.command} {self.name}\n")
            if self.mode == "dawdling": time.sleep(0.3)
            if self.mode == "slow":
                time.sleep(60)
                return False
            if self.mode == "hangingUp":
                self.close_connection = True
                self.connection.shutdown(2)
                return False
            said = self.headers.get("Authorization", "")
            known = ["Basic " + base64.b64encode(b"user:secret").decode(), "Bearer secret"]
            if self.mode == "refusing" or (self.mode == "guarded" and said not in known): return self.answer(401)
            if self.mode == "failing": return self.answer(500, b"x" * 5000)
            if self.mode == "redirecting": return self.answer(302, b"", Location=f"http://127.0.0.1:{self.server.server_port}/elsewhere")
            return True
        def answer(self, status, body=b"", length=None, **headers):
            try:
                self.send_response(status)
                for name, value in headers.items(): self.send_header(name, value)
                self.send_header("Content-Length", str(len(body) if length is None else length))
                self.end_headers()
                if self.command != "HEAD": self.wfile.write(body)
            except OSError: self.close_connection = True
        def do_PUT(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if not self.begin(): return
            if self.mode == "readOnly": return self.answer(403)
            if self.mode == "large": return self.answer(413)
            path = f"{folder}/{self.name}"
            with open(f"{path}.{threading.get_ident()}", "wb") as file: file.write(body)
            os.rename(f"{path}.{threading.get_ident()}", path)
            self.answer(201)
        def do_HEAD(self): self.do_GET()
        def do_GET(self):
            if not self.begin(): return
            path = f"{folder}/{self.name}"
            if self.mode == "mixing" and self.name.startswith("ac/"):
                path = folder + "/ac/" + max(n for n in os.listdir(folder + "/ac") if n != self.name[3:])
            if not os.path.exists(path): return self.answer(404, b"nothing here")
            body = open(path, "rb").read()
            if self.mode == "garbling" and self.name.startswith("ac/"): body = bytes(range(1, 200))
            if self.mode == "flipping" and self.name.startswith("cas/"): body = body[:-1] + bytes([body[-1] ^ 1])
            if self.mode == "halving": return self.answer(200, body[: len(body) // 2])
            if self.mode == "truncating":
                self.close_connection = True
                return self.answer(200, body[: len(body) // 2], len(body))
            if self.mode == "trickling":
                self.answer(200, b"", len(body))
                for byte in body:
                    try: self.wfile.write(bytes([byte]))
                    except OSError: return
                    time.sleep(0.2)
                return
            if self.mode == "endless":
                self.answer(200, b"", 1 << 40)
                try:
                    while True: self.wfile.write(bytes(1 << 16))
                except OSError: return
            self.answer(200, body)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *words: None
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    print(server.server_port, flush=True)
    server.serve_forever()
    """#
}

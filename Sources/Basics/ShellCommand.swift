import CSystem
import Glibc

/// A user's command, run by /bin/sh in its own process group. Its output is passed on as it comes, and its last lines
/// are kept in case it fails.
package enum ShellCommand {
  package struct Ending: Sendable, Equatable {
    /// The exit status; 128 + the signal number if a signal ended it.
    package var status: Int32
    /// The last lines of its standard output and standard error.
    package var lastLines: [String]
  }

  private static let keptLines = 20
  private static let longestLine = 1 << 12
  /// How long processes that the command left running may continue to write after it has ended.
  private static let graceMilliseconds: Int32 = 200

  /// The words as one line, quoted where a shell would read them differently.
  package static func text(_ words: [String]) -> String {
    let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=./,:+@%")
    return words.map { word in
      !word.isEmpty && word.allSatisfy(plain.contains) ? word : "'\(word.replacing("'", with: "'\\''"))'"
    }.joined(separator: " ")
  }

  /// Runs `text` with `sh -e` in the current directory; standard input is empty.
  /// - Parameter onOutput: receives standard output and standard error, in pieces, on the calling thread.
  /// - Throws: `Failure` if it cannot start, `Interruption.failure` after a signal, which is also sent to the command.
  package static func run(_ text: String, onOutput: (UnsafeRawBufferPointer) -> Void) throws -> Ending {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw Failure.system("make a pipe", "/bin/sh") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(ends[0]) }
    let input = open("/dev/null", O_RDONLY | O_CLOEXEC)
    let arguments: [String] = ["/bin/sh", "-ec", "exec 2>&1\n" + text]
    let words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
    let list: [UnsafePointer<CChar>?] = words.map { $0.map { UnsafePointer($0) } } + [nil]
    let pid = system_spawn_command(list, input, ends[1])
    for word in words { free(word) }
    close(ends[1])
    close(input)
    guard pid > 0 else { throw Failure.system("start", "/bin/sh", errno: -pid) }
    var tail = Tail()
    var status: Int32?
    var wasInterrupted = false
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      if Interruption.isRequested, !wasInterrupted {
        wasInterrupted = true
        kill(-pid, SIGTERM)
      }
      var watched = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
      if poll(&watched, 1, graceMilliseconds) > 0 {
        let count = read(ends[0], &buffer, buffer.count)
        if count > 0 {
          buffer.withUnsafeBytes {
            let piece = UnsafeRawBufferPointer(rebasing: $0[..<count])
            onOutput(piece)
            tail.take(piece)
          }
          continue
        }
        if count == 0 { break }
      } else if status != nil {
        break
      }
      if status == nil { status = reaped(pid, WNOHANG) }
    }
    let ended = status ?? reaped(pid, 0) ?? -1
    if wasInterrupted || Interruption.isRequested { throw Interruption.failure }
    return Ending(status: ended, lastLines: tail.lines)
  }

  /// The exit status; nil while it runs.
  private static func reaped(_ pid: pid_t, _ options: Int32) -> Int32? {
    var raw: Int32 = 0
    var found = waitpid(pid, &raw, options)
    while found < 0, errno == EINTR { found = waitpid(pid, &raw, options) }
    guard found == pid else { return found < 0 ? -1 : nil }
    let signal = raw & 0x7F
    return signal == 0 ? (raw >> 8) & 0xFF : 128 + signal
  }

  /// The last lines of a stream.
  private struct Tail {
    private var whole: [[UInt8]] = []
    private var open: [UInt8] = []

    mutating func take(_ bytes: UnsafeRawBufferPointer) {
      for byte in bytes {
        if byte == 0x0A {
          whole.append(open)
          open = []
          if whole.count > 2 * keptLines { whole.removeFirst(keptLines) }
        } else if open.count < longestLine {
          open.append(byte)
        }
      }
    }

    var lines: [String] {
      (whole + (open.isEmpty ? [] : [open])).suffix(keptLines).map { String(decoding: $0, as: UTF8.self) }
    }
  }
}

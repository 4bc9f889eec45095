import Basics
import CSystem
import Corpus
import Foundation

/// One worker process, with the socket for its requests and the pipe for its replies. Used by one thread at a time: the
/// one that holds the lease.
final class DecodeWorkerProcess: @unchecked Sendable {
  /// The reason why there was no reply. The worker has ended.
  enum Loss: Error, Equatable {
    /// How the process ended, in words.
    case ended(String)
    case late(seconds: Double)
    /// Killed by the kernel for a system call that no decoder needs.
    case escaped
  }

  /// Requests answered so far.
  private(set) var answered = 0
  /// The file that the worker has read in part.
  private(set) var openSource: MediaSource?
  /// How the worker is sandboxed.
  private(set) var confinement = Confinement.none
  private let pid: pid_t
  private var requests: Int32
  private let replies: Int32
  private var isReaped = false

  /// - Throws: `Failure.workerDidNotStart` if the process cannot be started, does not send a greeting, or reports that
  ///   it cannot be sandboxed.
  init(_ launch: WorkerLaunch, memoryBytes: UInt64) throws {
    let command = launch.words
    var down: [Int32] = [-1, -1]
    var up: [Int32] = [-1, -1]
    guard system_socket_pair(&down) == 0 else { throw Failure.system("make a socket", "decode worker") }
    guard pipe(&up) == 0 else {
      let failure = Failure.system("make a pipe", "decode worker")
      for descriptor in down { close(descriptor) }
      throw failure
    }
    // A worker that another thread starts at this moment closes inherited descriptors itself.
    for descriptor in up { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    let started = command.isEmpty ? -ENOENT : Self.spawn(command, input: down[0], output: up[1])
    close(down[0])
    close(up[1])
    pid = started
    requests = down[1]
    replies = up[0]
    guard started > 0 else {
      isReaped = true
      throw Failure.workerDidNotStart(command, String(cString: strerror(-started)))
    }
    do {
      let greeting = WorkerMessage.Greeting(
        version: WorkerMessage.version, memoryBytes: memoryBytes, sandbox: launch.sandbox)
      let answer = try exchange(greeting, reply: WorkerMessage.Greeting.self, seconds: Self.startSeconds).header
      guard answer.version == WorkerMessage.version else { throw Loss.ended("protocol version \(answer.version)") }
      if let problem = answer.problem { throw Failure.workerDidNotStart(command, problem) }
      confinement = answer.confinement ?? .none
      guard launch.sandbox != .required || confinement.missing.isEmpty else {
        throw Failure.sandboxMissing(confinement)
      }
    } catch Loss.escaped {
      throw Failure.workerDidNotStart(command, "it was locked in and ended at its first step")
    } catch Loss.ended(let how) {
      throw Failure.workerDidNotStart(command, how)
    } catch Loss.late {
      throw Failure.workerDidNotStart(command, "no greeting within \(Int(Self.startSeconds)) s")
    }
  }

  private static let startSeconds = 30.0

  private static func spawn(_ command: [String], input: Int32, output: Int32) -> pid_t {
    let environment = WorkerEnvironment.entries(of: ProcessInfo.processInfo.environment)
    let (words, entries) = (command.map { strdup($0) }, environment.map { strdup($0) })
    defer { for text in words + entries { free(text) } }
    let arguments: [UnsafePointer<CChar>?] = words.map { $0.map { UnsafePointer($0) } } + [nil]
    let settings: [UnsafePointer<CChar>?] = entries.map { $0.map { UnsafePointer($0) } } + [nil]
    return system_spawn_worker(arguments, settings, input, output)
  }

  deinit {
    if !isReaped { _ = kill() }
    if requests >= 0 { close(requests) }
    close(replies)
  }

  /// - Parameter input: the opened file of the request; it is passed to the worker.
  /// - Throws: `Loss`; the process has then ended and been reaped.
  func decode(_ request: DecodeRequest, _ input: MediaInput, seconds: Double) throws -> DecodeOutcome {
    let (reply, payload) = try exchange(request, with: input, reply: DecodeReply.self, seconds: seconds)
    openSource = reply.continues == true ? request.source : nil
    // The pieces of one long clip count as one clip: a new worker would have to start it again.
    if openSource == nil { answered += 1 }
    return DecodeOutcome(reply: reply, payload: payload)
  }

  /// Ends the worker by closing its socket, and kills it if it does not exit within two seconds. Waits for it.
  func stop() {
    close(requests)
    requests = -1
    for _ in 0..<200 {
      var status: Int32 = 0
      if waitpid(pid, &status, WNOHANG) != 0 {
        isReaped = true
        return
      }
      usleep(10_000)
    }
    _ = kill()
  }

  private func exchange<H: Decodable>(
    _ message: some Encodable, with input: MediaInput? = nil, reply: H.Type, seconds: Double
  ) throws -> (header: H, payload: [UInt8]) {
    let deadline = Self.now() + seconds
    do {
      // Requests are smaller than a socket's buffer, so sending does not block.
      let sent = try WorkerMessage.bytes(message).withUnsafeBytes {
        system_send(requests, $0.baseAddress, $0.count, input?.descriptor ?? -1)
      }
      guard sent == 0 else { throw Failure.system("send", "decode worker") }
      if let answer = try WorkerMessage.receive(reply, read: { try self.read($0, until: deadline) }) { return answer }
    } catch is Late {
      _ = kill()
      throw Loss.late(seconds: seconds)
    } catch let failure as Failure where failure.exit == .interrupted {
      _ = kill()
      throw failure
    } catch let failure as Failure {
      // The exit status of a dead worker says more than the state of its pipe.
      throw Self.loss(kill(), otherwise: failure.description)
    }
    throw Self.loss(kill(), otherwise: "the end of its output")
  }

  /// - Parameter status: as `waitpid` gives it; nil if the worker was still running.
  private static func loss(_ status: Int32?, otherwise: String) -> Loss {
    guard let status else { return .ended(otherwise) }
    return status & 0x7F == SIGSYS ? .escaped : .ended(words(status))
  }

  private struct Late: Error {}

  /// The deadline for an answer after an interruption: most clips finish by then.
  private func graceOfInterruption() -> Double {
    guard Interruption.isRequested else { return .infinity }
    if interrupted == nil { interrupted = Self.now() }
    return (interrupted ?? 0) + Self.graceSeconds
  }

  private static let graceSeconds = 3.0
  /// When this worker first saw the interruption.
  private var interrupted: Double?

  /// Exactly `count` bytes; nil when the worker closed its end before the first.
  private func read(_ count: Int, until deadline: Double) throws -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let left = min(deadline, graceOfInterruption()) - Self.now()
      if left <= 0 {
        if Interruption.isRequested { throw Interruption.failure }
        throw Late()
      }
      var watched = pollfd(fd: replies, events: Int16(POLLIN), revents: 0)
      // In short intervals, because a signal may arrive meanwhile.
      let ready = poll(&watched, 1, Int32(min(left * 1000 + 1, 500)))
      if ready == 0 || (ready < 0 && errno == EINTR) { continue }
      let n = bytes.withUnsafeMutableBytes { Glibc.read(replies, $0.baseAddress.map { $0 + filled }, count - filled) }
      if n < 0, errno == EINTR { continue }
      guard n > 0 else {
        if filled == 0 { return nil }
        throw Failure.message("it ends early", found: "\(filled) bytes", expected: "\(count)")
      }
      filled += n
    }
    return bytes
  }

  /// Ends the process group at once and waits for the worker.
  /// - Returns: the wait status if the worker had ended by itself, or nil if it was still running.
  private func kill() -> Int32? {
    if isReaped { return nil }
    isReaped = true
    // A worker whose pipe is closed is about to end, and its own status says more than our signal.
    var status: Int32 = 0
    for _ in 0..<200 {
      if waitpid(pid, &status, WNOHANG) == pid { return status }
      if !hasHungUp { break }
      usleep(10_000)
    }
    Glibc.kill(-pid, SIGKILL)
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return nil
  }

  private var hasHungUp: Bool {
    var watched = pollfd(fd: replies, events: 0, revents: 0)
    return poll(&watched, 1, 0) > 0 && watched.revents & Int16(POLLHUP | POLLERR) != 0
  }

  /// A wait status as text: `exit status 1`, `signal SIGSEGV`.
  private static func words(_ status: Int32) -> String {
    let signal = status & 0x7F
    if signal == 0 { return "exit status \(status >> 8 & 0xFF)" }
    let names: [Int32: String] = [
      SIGSEGV: "SIGSEGV", SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGILL: "SIGILL", SIGFPE: "SIGFPE", SIGTRAP: "SIGTRAP",
      SIGKILL: "SIGKILL", SIGTERM: "SIGTERM", SIGXCPU: "SIGXCPU",
    ]
    return "signal \(names[signal] ?? "\(signal)")"
  }

  /// Seconds on a clock that stops while the machine sleeps.
  static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}

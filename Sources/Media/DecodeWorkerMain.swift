import Basics
import CFFmpeg
import CSystem
import Corpus
import Foundation

/// The main function of a worker process. It reads requests from descriptor 0 and writes replies to descriptor 1 until
/// the supervisor closes the socket or exits. Each request comes with its file already open: the worker opens no files,
/// and after its greeting the kernel enforces this (`Confinement`).
///
/// A crashing decoder ends only this process. Descriptors 1 and 2 are moved aside first, so that no library can write
/// into the protocol or to the user's terminal.
package enum DecodeWorkerMain {
  package static let defaultMemoryLimit: UInt64 = 3 << 30

  /// - Parameter memoryLimit: the limit of the address space in bytes; the supervisor may ask for less.
  package static func run(memoryLimit: UInt64 = defaultMemoryLimit) -> Never {
    let replies = dup(1)
    let nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC)
    guard replies >= 0, nowhere >= 0 else { exit(ExitStatus.failed.rawValue) }
    dup2(nowhere, 1)
    if ProcessInfo.processInfo.environment["PIPELINE_WORKER_STDERR"] != "1" { dup2(nowhere, 2) }
    signal(SIGPIPE, SIG_IGN)
    media_keep_freed_memory()
    do {
      try serve(replies: replies, memoryLimit: memoryLimit)
      // Skips the libraries' exit handlers, because some of them write files.
      _exit(ExitStatus.done.rawValue)
    } catch {
      _exit(ExitStatus.failed.rawValue)
    }
  }

  private static func serve(replies: Int32, memoryLimit: UInt64) throws {
    guard let greeting = try WorkerMessage.receive(WorkerMessage.Greeting.self, read: read)?.header else { return }
    let limit = min(memoryLimit, greeting.memoryBytes)
    guard system_limit_memory(limit) == 0 else { throw Failure.system("limit memory", "worker") }
    var answer = WorkerMessage.Greeting(version: WorkerMessage.version, memoryBytes: limit)
    do {
      answer.confinement = try Confinement.enter(greeting.sandbox ?? .auto) { watch(replies) }
    } catch let failure as Failure {
      answer.problem = failure.description
      try send(answer, to: replies)
      throw failure
    }
    try send(answer, to: replies)
    while let request = try WorkerMessage.receive(DecodeRequest.self, read: read)?.header {
      let outcome = try TestFault(request)?.happen(to: request) ?? decode(request)
      try send(outcome.reply, payload: outcome.payload, to: replies)
    }
  }

  /// Starts the thread that ends this process when its supervisor is gone, and waits until it runs.
  private static func watch(_ replies: Int32) {
    let hasBegun = DispatchSemaphore(value: 0)
    let watcher = Thread {
      hasBegun.signal()
      system_exit_when_reader_leaves(replies)
    }
    watcher.stackSize = 256 << 10
    watcher.start()
    hasBegun.wait()
  }

  /// Decodes from the file that came with the request.
  private static func decode(_ request: DecodeRequest) throws -> DecodeOutcome {
    let descriptor = received
    received = -1
    guard descriptor >= 0 else {
      throw Failure.message("a request without a file", found: "none", expected: "one descriptor")
    }
    return try ClipDecoder.decode(
      request, MediaInput(request.source, codecs: request.codecs ?? .all, taking: descriptor))
  }

  /// The last file received and not used yet; -1 if there is none. Used on the main thread only.
  nonisolated(unsafe) private static var received: Int32 = -1

  private static func send(_ header: some Encodable, payload: [UInt8] = [], to descriptor: Int32) throws {
    try WorkerMessage.bytes(header, payload: payload).withUnsafeBytes {
      try writeAll($0, to: descriptor, path: "worker")
    }
  }

  /// Exactly `count` bytes from descriptor 0; nil at its end.
  private static func read(_ count: Int) throws -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      var descriptor: Int32 = -1
      let n = bytes.withUnsafeMutableBytes {
        system_receive(0, $0.baseAddress.map { $0 + filled }, count - filled, &descriptor)
      }
      if descriptor >= 0 {
        if received >= 0 { close(received) }
        received = descriptor
      }
      guard n > 0 else {
        if n == 0, filled == 0 { return nil }
        throw Failure.message("it ends early", found: "\(filled) bytes", expected: "\(count)")
      }
      filled += n
    }
    return bytes
  }
}

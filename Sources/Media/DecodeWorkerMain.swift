import Basics
import CFFmpeg
import CSystem
import Corpus
import Foundation

/// What a worker process runs: requests from descriptor 0, replies on descriptor 1, until the supervisor closes the
/// socket or is gone. With each request comes the open file that it is about: the worker opens none.
///
/// A decoder that crashes takes this process along and nothing else. Descriptors 1 and 2 are moved aside first, so that
/// no library can write into the protocol or onto the user's terminal.
package enum DecodeWorkerMain {
  package static let defaultMemoryLimit: UInt64 = 3 << 30

  /// - Parameter memoryLimit: address space in bytes; the supervisor may ask for less.
  package static func run(memoryLimit: UInt64 = defaultMemoryLimit) -> Never {
    let replies = dup(1)
    let nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC)
    guard replies >= 0, nowhere >= 0 else { exit(ExitStatus.failed.rawValue) }
    dup2(nowhere, 1)
    if ProcessInfo.processInfo.environment["PIPELINE_WORKER_STDERR"] != "1" { dup2(nowhere, 2) }
    signal(SIGPIPE, SIG_IGN)
    media_keep_freed_memory()
    let watch = Thread { system_exit_when_reader_leaves(replies) }
    watch.stackSize = 256 << 10
    watch.start()
    do {
      try serve(replies: replies, memoryLimit: memoryLimit)
      exit(ExitStatus.done.rawValue)
    } catch {
      exit(ExitStatus.failed.rawValue)
    }
  }

  private static func serve(replies: Int32, memoryLimit: UInt64) throws {
    guard let greeting = try WorkerMessage.receive(WorkerMessage.Greeting.self, read: read)?.header else { return }
    let limit = min(memoryLimit, greeting.memoryBytes)
    guard system_limit_memory(limit) == 0 else { throw Failure.system("limit memory", "worker") }
    try send(WorkerMessage.Greeting(version: WorkerMessage.version, memoryBytes: limit), to: replies)
    while let request = try WorkerMessage.receive(DecodeRequest.self, read: read)?.header {
      let outcome = try TestFault(request)?.happen(to: request) ?? decode(request)
      try send(outcome.reply, payload: outcome.payload, to: replies)
    }
  }

  /// Decodes from the file that came with the request.
  private static func decode(_ request: DecodeRequest) throws -> DecodeOutcome {
    let descriptor = received
    received = -1
    guard descriptor >= 0 else {
      throw Failure.message("a request without a file", found: "none", expected: "one descriptor")
    }
    return try ClipDecoder.decode(request, MediaInput(request.source, taking: descriptor))
  }

  /// The file that came last and nobody took; -1 where there is none. The main thread's.
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

/// A fault on purpose, to show that a clip that breaks its decoder costs that clip alone. Nothing of it happens unless
/// the worker's environment has PIPELINE_TEST_FAULTS=1.
enum TestFault: String, CaseIterable {
  case crash, hang, allocate
  /// No decoding at all, but an answer as if: to measure everything else.
  case pretend

  init?(_ request: DecodeRequest) {
    guard ProcessInfo.processInfo.environment["PIPELINE_TEST_FAULTS"] == "1" else { return nil }
    let named = request.testFault.flatMap(TestFault.init(rawValue:))
    guard let fault = named ?? Self.allCases.first(where: { request.source.path.contains("fault-\($0.rawValue)") })
    else {
      return nil
    }
    self = fault
  }

  func happen(to request: DecodeRequest) -> DecodeOutcome {
    switch self {
    case .crash: abort()
    case .hang: while true { sleep(3600) }
    case .allocate:
      // Address space counts: nothing is touched.
      var (blocks, size): ([UnsafeMutableRawPointer], Int) = ([], 64 << 20)
      while blocks.count < 1 << 16,
        let block = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), block != MAP_FAILED
      { blocks.append(block) }
      for block in blocks { munmap(block, size) }
      return DecodeOutcome(reply: DecodeReply(findings: [.outOfMemory("allocating for a test")]))
    case .pretend:
      let payload = Array("\(request.work) of \(request.source.path)".utf8)
      // Every clip has facts of its own, as real ones do.
      let covered = 9.75 + Double(Digest(of: request.source.path).prefix64 % 100_000) * 1e-5 / 4
      let times = (0..<10).map { Double($0) + covered * 1e-3 }
      return switch request.work {
      case .sound:
        DecodeOutcome(
          reply: DecodeReply(
            findings: [],
            sound: AudioFacts(
              coveredSeconds: covered, firstAudioSeconds: 0, sourceRate: 48_000, channels: 2, codec: "aac",
              decodeErrors: 0,
              fileSeconds: 10)), payload: payload)
      case .length: DecodeOutcome(reply: DecodeReply(findings: [], length: 10))
      case .waveform:
        DecodeOutcome(
          reply: DecodeReply(findings: [], continues: false), payload: [UInt8](repeating: 0, count: 4 * 16_000))
      case .frames:
        DecodeOutcome(
          reply: DecodeReply(
            findings: [],
            frames: FrameFacts(
              width: 340, height: 256, codec: "h264", frameTimes: times, coveredSeconds: covered, isStill: false,
              decodeErrors: 0)),
          payload: payload)
      }
    }
  }
}

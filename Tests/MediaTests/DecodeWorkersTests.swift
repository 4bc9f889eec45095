import Basics
import Corpus
import Foundation
import Testing

@testable import Media

/// The supervisor with a small Python program as the worker, which sends a greeting and then does what the path says.
@Suite struct DecodeWorkersTests {
  private static let script = """
    import json, os, struct, sys, time
    def read(n):
      data = b''
      while len(data) < n:
        part = os.read(0, n - len(data))
        if not part: sys.exit(0)
        data += part
      return data
    def message():
      h, p = struct.unpack('<II', read(8))
      head = json.loads(read(h)); read(p)
      return head
    def reply(head, payload=b''):
      head = json.dumps(head).encode()
      os.write(1, struct.pack('<II', len(head), len(payload)) + head + payload)
    log = open(sys.argv[1], 'a')
    if len(sys.argv) > 2: os.kill(os.getpid(), 11)
    greeting = message()
    reply(greeting)
    while True:
      path = os.path.basename(message()['source']['path'])
      log.write('%d begin %s\\n' % (os.getpid(), path)); log.flush()
      first = not os.path.exists(sys.argv[1] + '.' + path)
      open(sys.argv[1] + '.' + path, 'w').close()
      if path.startswith('crash') or (path.startswith('once') and first): os.kill(os.getpid(), 11)
      elif path.startswith('exit'): sys.exit(3)
      elif path.startswith('hang'): time.sleep(1000)
      elif path.startswith('garbage'): os.write(1, b'\\xff' * 4096)
      elif path.startswith('memory'): reply({'findings': [{'code': 'media.memory', 'evidence': 'asked to'}]})
      elif path.startswith('settings'): reply({'findings': []}, os.environ['GLIBC_TUNABLES'].encode())
      elif path.startswith('environment'): reply({'findings': []}, open('/proc/self/environ', 'rb').read())
      elif path.startswith('slow'): time.sleep(0.2); reply({'findings': []}, path.encode())
      elif path.startswith('long'): reply({'findings': [], 'continues': path.startswith('longer')}, b'%d' % os.getpid())
      else: reply({'findings': []}, path.encode())
      log.write('%d end %s\\n' % (os.getpid(), path)); log.flush()
    """

  private final class Stand: Sendable {
    let clips: TestClips
    let workers: DecodeWorkers
    init(count: Int = 2, seconds: Double = 20, perWorker: Int = 500, _ extra: String...) throws {
      clips = try TestClips()
      try Files.write(DecodeWorkersTests.script, to: clips.path("worker.py"))
      workers = DecodeWorkers(
        count: count,
        command: WorkerLaunch(["/usr/bin/env", "python3", clips.path("worker.py"), clips.path("log")] + extra),
        limits: DecodeLimits(seconds: seconds, requestsPerWorker: perWorker))
    }
    func decode(_ name: String) throws -> DecodeOutcome {
      if !Files.exists(clips.path(name)) { try Files.write("a clip", to: clips.path(name)) }
      return try workers.decode(DecodeRequest(MediaSource(clips.path(name)), work: .audio))
    }
    var log: [String] {
      let bytes = (try? Files.read(clips.path("log"))) ?? []
      return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }
    var pids: Set<Int32> { Set(log.compactMap { $0.split(separator: " ").first.flatMap { Int32($0) } }) }
    /// Whether all worker processes are gone, including zombies.
    var allGone: Bool { pids.allSatisfy { kill($0, 0) != 0 && errno == ESRCH } }
  }

  @Test("memory that a decoder has not written is zero in every worker")
  func zeroedMemory() throws {
    let settings = String(decoding: try Stand().decode("settings").payload, as: UTF8.self)
    // malloc fills memory with the complement of `perturb`, but not pieces from its thread cache.
    #expect(settings == "glibc.malloc.perturb=255:glibc.malloc.tcache_count=0")
  }

  @Test("a worker's environment has only the locale, the loader's variables and its own")
  func environment() throws {
    let planted = [
      "AWS_SECRET_ACCESS_KEY": "planted-1", "HF_TOKEN": "planted-2", "MY_LC_TOKEN": "planted-3",
      "PIPELINE_CACHE_PASSWORD": "planted-4", "PATH_LD_": "planted-5",
    ]
    for (name, value) in planted { setenv(name, value, 1) }
    setenv("LC_MESSAGES", "C", 1)
    setenv("PIPELINE_TEST_PASSED", "on", 1)
    defer { for name in planted.keys + ["LC_MESSAGES", "PIPELINE_TEST_PASSED"] { unsetenv(name) } }
    let text = String(decoding: try Stand().decode("environment").payload, as: UTF8.self)
    let entries = text.split(separator: "\0").map(String.init)
    #expect(!text.contains("planted"))
    #expect(entries.contains("LC_MESSAGES=C") && entries.contains("PIPELINE_TEST_PASSED=on"))
    #expect(entries.contains("TZ=UTC0") && entries.contains("OPENBLAS_NUM_THREADS=1"))
    let names = entries.compactMap { $0.split(separator: "=").first.map(String.init) }
    let passed = [
      "LANG", "LC_", "LD_", "PIPELINE_TEST_", "OPENBLAS_NUM_THREADS", "GLIBC_TUNABLES", "TZ", "SWIFT_BACKTRACE",
      // The loader splits the tunables in place.
      "glibc.malloc.",
    ]
    // What the loader or Python's startup adds is in the memory of the process, not in the environment it was given.
    #expect(names.allSatisfy { name in passed.contains { name.hasPrefix($0) } }, "\(names)")
  }

  @Test("one worker answers many requests with replies and payloads")
  func replies() throws {
    let stand = try Stand()
    for i in 0..<20 { #expect(try stand.decode("clip\(i)").payload == Array("clip\(i)".utf8)) }
    #expect(stand.pids.count == 1)
    stand.workers.stop()
    #expect(stand.allGone)
  }

  @Test("after a crash another worker tries once more; a second crash gives a finding with the signal's name")
  func crash() throws {
    let stand = try Stand()
    #expect(
      try stand.decode("crash").reply.findings == [
        Finding(.decoderCrashed, "the decoder ended with signal SIGSEGV, twice")
      ])
    #expect(stand.log.map { $0.hasSuffix("begin crash") } == [true, true])
    #expect(stand.pids.count == 2)
    #expect(try stand.decode("exit").reply.findings.map(\.evidence) == ["the decoder ended with exit status 3, twice"])
    #expect(try stand.decode("clip").payload == Array("clip".utf8))
    stand.workers.stop()
    #expect(stand.allGone)
  }

  @Test("a crash that does not repeat leaves no trace")
  func crashOnce() throws {
    let stand = try Stand()
    #expect(try stand.decode("once") == DecodeOutcome(reply: DecodeReply(findings: []), payload: Array("once".utf8)))
  }

  @Test("a hang is ended at the deadline, twice, and gives a timeout")
  func hang() throws {
    let stand = try Stand(seconds: 0.4)
    let begin = Date()
    #expect(try stand.decode("hang").reply.findings.map(\.code) == [.mediaTimeout])
    #expect(Date().timeIntervalSince(begin) < 10)
    #expect(stand.allGone)
  }

  @Test("after running out of memory a new worker tries once more; then it is the finding")
  func memory() throws {
    let stand = try Stand()
    #expect(try stand.decode("memory").reply.findings.map(\.code) == [.mediaMemory])
    #expect(stand.pids.count == 2)
  }

  @Test("an invalid reply ends the worker")
  func garbage() throws {
    let stand = try Stand()
    #expect(try stand.decode("garbage").reply.findings.map(\.code) == [.decoderCrashed])
    #expect(stand.allGone)
  }

  @Test("a worker is replaced after its maximum number of requests")
  func replacement() throws {
    let stand = try Stand(perWorker: 3)
    for i in 0..<7 { _ = try stand.decode("clip\(i)") }
    #expect(stand.pids.count == 3)
  }

  @Test("workers that cannot be started are an error, not a verdict on a clip")
  func noWorker() throws {
    let absent = DecodeWorkers(count: 1, command: ["/absent/worker"])
    #expect(throws: Failure.self) { try absent.decode(DecodeRequest(MediaSource("/proc/self/exe"), work: .audio)) }
    let mute = DecodeWorkers(count: 1, command: ["/bin/true"])
    #expect(throws: Failure.self) { try mute.decode(DecodeRequest(MediaSource("/proc/self/exe"), work: .audio)) }
    let dying = try Stand("dies")
    #expect(throws: Failure.self) { try dying.decode("a") }
  }

  @Test("after stop nothing is decoded")
  func stopped() throws {
    let stand = try Stand()
    stand.workers.stop()
    #expect(throws: Failure.self) { try stand.decode("clip") }
  }

  @Test("many threads share the workers, and the second try of a crash runs alone")
  func sideBySide() throws {
    let stand = try Stand(count: 3)
    let paths = (0..<24).map { $0 % 6 == 3 ? "crash\($0)" : "slow\($0)" }
    let threads = WorkerThreads(6)
    threads.forEach(paths.count) { item, _ in
      let outcome = try? stand.decode(paths[item])
      if paths[item].hasPrefix("slow") {
        #expect(outcome?.payload == Array(paths[item].utf8))
      } else {
        #expect(outcome?.reply.findings.map(\.code) == [.decoderCrashed])
      }
    }
    threads.stop()
    stand.workers.stop()
    #expect(stand.allGone)
    // While a second try runs, no other decode runs: earlier ones have ended, and new ones begin only after it.
    var running: Set<String> = []
    var tries: [String: Int] = [:]
    for line in stand.log {
      let words = line.split(separator: " ").map(String.init)
      if words[1] == "end" {
        running.remove(words[2])
        continue
      }
      tries[words[2], default: 0] += 1
      if words[2].hasPrefix("crash") {
        if tries[words[2]] == 2 { #expect(running.isEmpty, "\(words[2]) beside \(running)") }
      } else {
        running.insert(words[2])
        #expect(running.count <= 3)
      }
    }
    #expect(tries.filter { $0.key.hasPrefix("crash") }.values.allSatisfy { $0 == 2 })
  }

  @Test("the worker that is reading a file gets its next piece, and other workers get other files")
  func affinity() throws {
    let stand = try Stand(count: 2, perWorker: 3)
    let first = try stand.decode("longer-a").payload
    let second = try stand.decode("longer-b").payload
    #expect(first != second)
    // The pieces of one file do not count towards a worker's maximum.
    for _ in 0..<5 {
      #expect(try stand.decode("longer-a").payload == first)
      #expect(try stand.decode("longer-b").payload == second)
    }
    #expect(stand.pids.count == 2)
    // A third file takes over one of the two workers; there are never more than two.
    #expect([first, second].contains(try stand.decode("long-c").payload))
    #expect(stand.pids.count == 2)
  }
}

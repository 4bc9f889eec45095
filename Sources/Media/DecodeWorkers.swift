import Basics
import Corpus
import Foundation

/// The limits for one clip.
package struct DecodeLimits: Sendable {
  /// The time for one clip at the start of its file, on a core of its own.
  package var seconds: Double
  /// The address space of a worker.
  package var memoryBytes: UInt64
  /// A worker is replaced after this many clips, so that memory leaks in libraries do not add up.
  package var requestsPerWorker: Int

  package init(
    seconds: Double = 60, memoryBytes: UInt64 = DecodeWorkerMain.defaultMemoryLimit, requestsPerWorker: Int = 500
  ) {
    self.seconds = seconds
    self.memoryBytes = memoryBytes
    self.requestsPerWorker = requestsPerWorker
  }

  /// The time limit for a request: longer for a clip deep in a long video, which may have to be decoded from the
  /// beginning, and when workers share cores.
  func seconds(for request: DecodeRequest, workers: Int) -> Double {
    let crowding = max(1, Double(workers) / Double(max(1, Machine.processors)))
    var before = max(0, request.startMilliseconds / 1000)
    if case .waveform(let first, let count) = request.work { before += max(0, first) + max(0, count) }
    return (seconds + Double(before) / 4) * crowding
  }
}

/// Worker processes that decode clips, and the handling of clips that crash them.
///
/// `decode` blocks; up to `count` threads may call it in parallel, and each holds one worker. A worker that crashes,
/// hangs or runs out of memory is ended, and its clip is tried once more, alone: after all other decodes have finished
/// and before new ones begin. A second failure becomes a finding, not an error. If a worker tried to break out of its
/// sandbox, its file is not tried again.
///
/// `condition` guards the state: `idle`, `busy`, `alone`, `waiting`, `escaped` and `isStopped`.
package final class DecodeWorkers: @unchecked Sendable {
  private let count: Int
  private let launch: WorkerLaunch
  private let limits: DecodeLimits
  private let condition = NSCondition()
  private var idle: [DecodeWorkerProcess] = []
  /// Decodes that are running.
  private var busy = 0
  /// Whether one of them runs alone.
  private var alone = false
  /// Clips that wait to run alone; no other clip begins while there are any.
  private var waiting = 0
  private var isStopped = false
  /// Files whose workers made a forbidden system call, which only a compromised decoder does.
  private var escaped: Set<MediaSource> = []

  /// - Parameter command: the command that starts a worker; its first word is the resolved path of the program. Nothing
  ///   is started yet.
  package init(count: Int, command: WorkerLaunch, limits: DecodeLimits = DecodeLimits()) {
    self.count = max(1, count)
    launch = command
    self.limits = limits
    // A worker that dies between two requests must not end this process.
    signal(SIGPIPE, SIG_IGN)
  }

  deinit { stop() }

  /// - Throws: `Failure` if workers cannot be started at all, or after `stop`.
  package func decode(_ request: DecodeRequest) throws -> DecodeOutcome {
    let input: MediaInput
    do { input = try MediaInput(request.source) } catch let refusal as Refusal {
      return DecodeOutcome(reply: DecodeReply(findings: [refusal.finding]))
    }
    if condition.withLock({ escaped.contains(request.source) }) { return Self.escape }
    var request = request
    request.codecs = launch.codecs == .all ? nil : launch.codecs
    let first = try begin(request)
    let loss = attempt(request, input, on: first)
    finish(loss.worker)
    switch loss.result {
    case .success(let outcome) where !Self.ranOutOfMemory(outcome): return outcome
    case .failure(let failure as Failure): throw failure
    case .failure(DecodeWorkerProcess.Loss.escaped): return escape(of: request.source)
    default: break
    }
    try beginAlone()
    let second = attempt(request, input, on: nil)
    finish(second.worker)
    switch second.result {
    case .success(let outcome): return outcome
    case .failure(let failure as Failure): throw failure
    case .failure(DecodeWorkerProcess.Loss.late(let seconds)):
      return DecodeOutcome(reply: DecodeReply(findings: [.timeout(seconds)]))
    case .failure(DecodeWorkerProcess.Loss.ended(let how)):
      return DecodeOutcome(reply: DecodeReply(findings: [.crashed(how)]))
    case .failure(DecodeWorkerProcess.Loss.escaped): return escape(of: request.source)
    case .failure(let error):
      return DecodeOutcome(reply: DecodeReply(findings: [.crashed("\(error)")]))
    }
  }

  private static let escape = DecodeOutcome(reply: DecodeReply(findings: [.escaped]))

  private func escape(of source: MediaSource) -> DecodeOutcome {
    condition.withLock { _ = escaped.insert(source) }
    return Self.escape
  }

  /// Ends all workers and waits for them. No decode may be running; later calls of `decode` throw.
  package func stop() {
    condition.lock()
    isStopped = true
    let workers = idle
    idle = []
    condition.unlock()
    for worker in workers { worker.stop() }
  }

  /// Tries once, on `worker` or a new one. Returns the worker if it can be used again.
  private func attempt(
    _ request: DecodeRequest, _ input: MediaInput, on worker: DecodeWorkerProcess?
  ) -> (result: Result<DecodeOutcome, any Error>, worker: DecodeWorkerProcess?) {
    do {
      let worker = try worker ?? DecodeWorkerProcess(launch, memoryBytes: limits.memoryBytes)
      let outcome = try worker.decode(request, input, seconds: limits.seconds(for: request, workers: count))
      if Self.ranOutOfMemory(outcome) || worker.answered >= limits.requestsPerWorker {
        worker.stop()
        return (.success(outcome), nil)
      }
      return (.success(outcome), worker)
    } catch {
      return (.failure(error), nil)
    }
  }

  private static func ranOutOfMemory(_ outcome: DecodeOutcome) -> Bool {
    outcome.reply.findings.contains { $0.code == .mediaMemory }
  }

  /// Waits until fewer than `count` decodes run. Returns an idle worker, or nil if a new one must be started.
  private func begin(_ request: DecodeRequest) throws -> DecodeWorkerProcess? {
    condition.lock()
    defer { condition.unlock() }
    while !isStopped, busy >= count || alone || waiting > 0 { condition.wait() }
    if isStopped { throw Failure.workersAreStopped() }
    let worker = chosen(for: request)
    busy += 1
    return worker
  }

  /// The idle worker that has read part of the same file, else one that has read part of no file, else nil to start a
  /// new one. If no more workers may be started, some other worker drops its file.
  private func chosen(for request: DecodeRequest) -> DecodeWorkerProcess? {
    let place =
      idle.lastIndex { $0.openSource == request.source } ?? idle.lastIndex { $0.openSource == nil }
      ?? (busy + idle.count < count ? nil : idle.indices.last)
    return place.map { idle.remove(at: $0) }
  }

  private func beginAlone() throws {
    condition.lock()
    defer { condition.unlock() }
    waiting += 1
    while !isStopped, busy > 0 { condition.wait() }
    waiting -= 1
    if isStopped {
      condition.broadcast()
      throw Failure.workersAreStopped()
    }
    busy += 1
    alone = true
  }

  private func finish(_ worker: DecodeWorkerProcess?) {
    condition.lock()
    busy -= 1
    alone = false
    let leftOver: DecodeWorkerProcess?
    if let worker, !isStopped, idle.count < count {
      idle.append(worker)
      leftOver = nil
    } else {
      leftOver = worker
    }
    condition.broadcast()
    condition.unlock()
    leftOver?.stop()
  }
}

// Shares results between workspaces: an ActionResult under the fingerprint of an action, and bytes under the digest of
// an output. They are stored on a server with Bazel's HTTP cache protocol (bazel-remote, nginx with WebDAV) or in a
// directory laid out like Bazel's disk cache.
//
// Trusted: anyone with write access to the cache can provide results to its readers, as in Bazel. Not trusted: the
// network, the cache's disk and its proxies. The answer must contain the requested fingerprint, each output's bytes
// must have the digest named in the answer, and sizes are limited before anything is read. Invalid data counts as
// missing; each kind of problem gives one warning at the end, and the action runs here.
//
// Only final results are shared: a crash or a timeout is local.

import Basics
import Dispatch
import StageGraph
import Synchronization

/// A server or directory with results of other workspaces. Used on any thread, several at a time.
package final class RemoteCache: SharedResults {
  /// The outcomes of the requests.
  package struct Tally: Sendable, Equatable {
    /// Actions whose results came from the cache.
    package var fetched = 0
    /// Actions whose results are not in the cache.
    package var missed = 0
    /// Actions whose results the cache accepted.
    package var kept = 0
    /// Actions that failed to be fetched or stored.
    package var failed = 0
    /// Actions whose results should be in the cache but are not: storing failed, or the cache was no longer used.
    package var unkept = 0

    package init() {}
  }

  /// The address for display, without credentials.
  package var name: String { backend.name }
  private let stages: Set<String>
  private let limits: TransferLimits
  private let backend: any CacheBackend
  private let troubles = TroubleCount()
  private let counts = Mutex(Tally())
  private static let largestAnswer = 1 << 20
  /// The number of threads in addition to the decoders when results are shared, because threads wait for the cache.
  package static let transfers = 6

  /// - Parameter stages: the names of the stages whose results are shared.
  package convenience init(_ address: CacheAddress, stages: Set<String>, limits: TransferLimits = TransferLimits()) {
    let backend: any CacheBackend =
      switch address {
      case .server(let server): ServerBackend(server, limits: limits)
      case .directory(let directory): DirectoryBackend(directory)
      }
    self.init(backend, stages: stages, limits: limits)
  }

  init(_ backend: any CacheBackend, stages: Set<String>, limits: TransferLimits = TransferLimits()) {
    (self.backend, self.stages, self.limits) = (backend, stages, limits)
  }

  package var tally: Tally { counts.withLock { $0 } }

  /// The problems so far, one failure for each kind; to be shown when the run is over.
  package var failures: [Failure] { troubles.failures(backend.name) }

  /// Whether nothing more is sent to the cache, because writing failed too often.
  package var takesNothing: Bool { troubles.isLeft(.writing) }

  /// Called when nothing more will be stored: a directory with a size limit is trimmed.
  package func finish() { backend.finish() }

  // MARK: Actions

  package func holds(stage: String) -> Bool { stages.contains(stage) }

  package func find(_ fingerprint: Digest, stage: String) -> [NamedOutput]? {
    guard let outputs = attempt(.reading, { try outputs(fingerprint, stage: stage) }) else { return nil }
    let isThere = outputs != nil
    counts.withLock { if isThere { $0.fetched += 1 } else { $0.missed += 1 } }
    return outputs
  }

  private func outputs(_ fingerprint: Digest, stage: String) throws -> [NamedOutput]? {
    guard let answer = try answer(fingerprint, stage: stage) else { return nil }
    var outputs: [NamedOutput] = []
    for file in answer.files {
      // Caches drop entries that were not used recently; an answer with a missing output is useless.
      guard let bytes = try bytes(of: file, fingerprint) else { return nil }
      outputs.append(NamedOutput(name: file.name, digest: file.digest, bytes: bytes))
    }
    return outputs
  }

  /// The answer stored under `ac/`, checked; nil if there is none.
  private func answer(_ fingerprint: Digest, stage: String) throws -> SharedAnswer? {
    let key = CacheKey.answer(fingerprint)
    return try discarding(key) {
      try backend.get(key, limit: Self.largestAnswer).map { try SharedAnswer($0, to: fingerprint, stage: stage) }
    }
  }

  /// The bytes of an output, checked against the digest in the answer; nil if they are missing.
  private func bytes(of file: SharedAnswer.File, _ fingerprint: Digest) throws -> [UInt8]? {
    let key = file.bytes == nil ? CacheKey.content(file.digest) : .answer(fingerprint)
    return try discarding(key) {
      guard let bytes = try file.bytes ?? backend.get(key, limit: max(1, file.size)) else { return nil }
      guard bytes.count >= file.size else {
        throw Trouble(.cutOff, "\(bytes.count) of \(file.size) bytes of \(file.digest.short)")
      }
      guard Digest(of: bytes) == file.digest else { throw Trouble(.wrong, "bytes that are not \(file.digest.short)") }
      return bytes
    }
  }

  /// Removes entries that turn out to be damaged, so that they can be stored again.
  private func discarding<T>(_ key: CacheKey, _ body: () throws -> T) throws -> T {
    do { return try body() } catch let trouble as Trouble {
      if Self.isDamage(trouble) { backend.discard(key) }
      throw trouble
    }
  }

  private static func isDamage(_ trouble: Trouble) -> Bool { trouble.kind == .wrong || trouble.kind == .cutOff }

  package func keep(_ fingerprint: Digest, stage: String, _ outputs: [NamedOutput]) {
    // Readers would reject a larger result.
    guard outputs.reduce(0, { $0 + $1.bytes.count }) <= SharedAnswer.mostBytes else { return }
    let kept: Void? = attempt(.writing) {
      // The answer comes last, so that it never refers to missing bytes.
      for output in outputs where !output.bytes.isEmpty {
        try backend.put(.content(output.digest), output.bytes)
      }
      try backend.put(.answer(fingerprint), try SharedAnswer.bytes(fingerprint, stage: stage, outputs))
    }
    counts.withLock { if kept != nil { $0.kept += 1 } else { $0.unkept += 1 } }
  }

  /// Whether the cache has the results of an action, judging by names only; nil if this cannot be determined.
  package func has(_ fingerprint: Digest, stage: String) -> Bool? {
    attempt(.reading) {
      guard let answer = try answer(fingerprint, stage: stage) else { return false }
      return try answer.files.allSatisfy { try $0.bytes != nil || backend.has(.content($0.digest)) }
    }
  }

  // MARK: Facts

  /// A few bytes that another workspace stored under a question that is not an action; not counted as an action.
  /// - Parameter kind: the kind of question, in place of a stage's name.
  package func fact(_ question: Digest, kind: String) -> [UInt8]? {
    let found: [UInt8]?? = attempt(.reading, isAction: false) {
      try outputs(question, stage: kind)?.first { $0.name == ActionResult.summaryName }?.bytes
    }
    return found ?? nil
  }

  /// Stores a few bytes for other workspaces, inside the answer itself.
  package func keep(fact bytes: [UInt8], of question: Digest, kind: String) {
    let output = NamedOutput(name: ActionResult.summaryName, digest: Digest(of: bytes), bytes: bytes)
    let _: Void? = attempt(.writing, isAction: false) {
      try backend.put(.answer(question), try SharedAnswer.bytes(question, stage: kind, [output], inlined: true))
    }
  }

  // MARK: Trouble

  /// Nil if `body` failed, or if the cache is no longer used.
  private func attempt<T>(_ direction: TroubleCount.Direction, isAction: Bool = true, _ body: () throws -> T) -> T? {
    guard !troubles.isLeft(direction) else { return nil }
    let begin = DispatchTime.now().uptimeNanoseconds
    func seconds() -> Double { Double(DispatchTime.now().uptimeNanoseconds - begin) / 1e9 }
    do {
      let result = try body()
      let seconds = seconds()
      if seconds > limits.actionSeconds {
        troubles.failed(Trouble(.slow, "\(Int(seconds * 1000)) ms for one action"), direction, seconds: seconds)
      } else {
        troubles.succeeded(direction)
      }
      return result
    } catch {
      let trouble = error as? Trouble ?? Trouble(.failing, "\(error)")
      troubles.failed(
        trouble, direction, seconds: seconds(), isAlone: Self.isDamage(trouble) && !backend.damageSpreads)
      if isAction { counts.withLock { $0.failed += 1 } }
      return nil
    }
  }
}

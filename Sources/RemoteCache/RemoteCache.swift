// Results shared between workspaces: under the fingerprint of an action an ActionResult, under the digest of an output
// its bytes, in a server of Bazel's HTTP cache protocol (bazel-remote, nginx with WebDAV) or in a directory laid out as
// Bazel's disk cache.
//
// What is trusted: whoever may write to the cache can hand results to those who read it, as with Bazel. What is not:
// the network, the cache's disk and its proxies. The answer must name the fingerprint that was asked for, each
// output's bytes must have the digest that the answer names, sizes are bounded before anything is read. Whatever does
// not hold counts as not there, costs one warning for each kind of trouble at the end, and the action runs here.
//
// Only final results are offered: a crash or a timeout is nobody else's.

import Basics
import Dispatch
import StageGraph
import Synchronization

/// A server or directory with results of other workspaces. On any thread, several at a time.
package final class RemoteCache: SharedResults {
  /// What became of the requests.
  package struct Tally: Sendable, Equatable {
    /// Actions whose results came from the cache.
    package var fetched = 0
    /// Actions that it does not have.
    package var missed = 0
    /// Actions whose results it took.
    package var kept = 0
    /// Actions that it failed to give or take.
    package var failed = 0
    /// Actions whose results it does not have although they were to be put there: it failed, or was left alone.
    package var unkept = 0

    package init() {}
  }

  /// To be shown; without credentials.
  package var name: String { backend.name }
  private let stages: Set<String>
  private let limits: TransferLimits
  private let backend: any CacheBackend
  private let troubles = TroubleCount()
  private let counts = Mutex(Tally())
  private static let largestAnswer = 1 << 20
  /// How many more threads there are than decoders where results are shared: those that wait for the cache.
  package static let transfers = 6

  /// - Parameter stages: names of those whose results are shared.
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

  /// What went wrong, one for each kind; to be shown once the run is over.
  package var failures: [Failure] { troubles.failures(backend.name) }

  /// Whether nothing more is sent to the cache, since it did not take what was.
  package var takesNothing: Bool { troubles.isLeft(.writing) }

  /// Called once nothing more will be kept: what is too much in a directory with a bound is removed.
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
      // Caches drop what was not asked for lately: then the answer is worth nothing.
      guard let bytes = try bytes(of: file, fingerprint) else { return nil }
      outputs.append(NamedOutput(name: file.name, digest: file.digest, bytes: bytes))
    }
    return outputs
  }

  /// What is kept under ac/, checked; nil where nothing is.
  private func answer(_ fingerprint: Digest, stage: String) throws -> SharedAnswer? {
    let key = CacheKey.answer(fingerprint)
    return try discarding(key) {
      try backend.get(key, limit: Self.largestAnswer).map { try SharedAnswer($0, to: fingerprint, stage: stage) }
    }
  }

  /// The bytes of an output, of the digest that the answer names; nil where they are gone.
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

  /// Takes away what turns out damaged, so that it can be put there anew.
  private func discarding<T>(_ key: CacheKey, _ body: () throws -> T) throws -> T {
    do { return try body() } catch let trouble as Trouble {
      if Self.isDamage(trouble) { backend.discard(key) }
      throw trouble
    }
  }

  private static func isDamage(_ trouble: Trouble) -> Bool { trouble.kind == .wrong || trouble.kind == .cutOff }

  package func keep(_ fingerprint: Digest, stage: String, _ outputs: [NamedOutput]) {
    // Nobody would take it from there.
    guard outputs.reduce(0, { $0 + $1.bytes.count }) <= SharedAnswer.mostBytes else { return }
    let kept: Void? = attempt(.writing) {
      // The answer last: it never names what is not there.
      for output in outputs where !output.bytes.isEmpty {
        try backend.put(.content(output.digest), output.bytes)
      }
      try backend.put(.answer(fingerprint), try SharedAnswer.bytes(fingerprint, stage: stage, outputs))
    }
    counts.withLock { if kept != nil { $0.kept += 1 } else { $0.unkept += 1 } }
  }

  /// Whether the cache has the results of an action, as far as names tell; nil where that cannot be known.
  package func has(_ fingerprint: Digest, stage: String) -> Bool? {
    attempt(.reading) {
      guard let answer = try answer(fingerprint, stage: stage) else { return false }
      return try answer.files.allSatisfy { try $0.bytes != nil || backend.has(.content($0.digest)) }
    }
  }

  // MARK: Facts

  /// A few bytes that others left under a question of their own: not of an action, and not counted as one.
  /// - Parameter kind: what is asked, in the place of a stage's name.
  package func fact(_ question: Digest, kind: String) -> [UInt8]? {
    let found: [UInt8]?? = attempt(.reading, isAction: false) {
      try outputs(question, stage: kind)?.first { $0.name == ActionResult.summaryName }?.bytes
    }
    return found ?? nil
  }

  /// Leaves a few bytes for others; they stand in the answer itself.
  package func keep(fact bytes: [UInt8], of question: Digest, kind: String) {
    let output = NamedOutput(name: ActionResult.summaryName, digest: Digest(of: bytes), bytes: bytes)
    let _: Void? = attempt(.writing, isAction: false) {
      try backend.put(.answer(question), try SharedAnswer.bytes(question, stage: kind, [output], inlined: true))
    }
  }

  // MARK: Trouble

  /// Nil where it failed, or where the cache is left alone.
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

// Results shared over Bazel's HTTP cache protocol: GET and PUT of <address>/ac/<fingerprint>, an ActionResult, and of
// <address>/cas/<SHA-256>, an output's bytes. Any server that Bazel can use serves (bazel-remote, nginx with WebDAV).
//
// What is trusted: whoever may write to the cache can hand results to those who read it, as with Bazel. What is not:
// the network, the server's disk and its proxies. The answer must name the fingerprint that was asked for, each
// output's bytes must have the digest that the answer names, sizes are bounded before anything is read. Whatever does
// not hold counts as not there, costs one warning for each kind of trouble at the end, and the action runs here.
//
// Only final results are offered: a crash or a timeout is nobody else's.

import Basics
import Dispatch
import StageGraph
import Synchronization

/// A server with results of other workspaces. On any thread, several at a time.
package final class RemoteCache: SharedResults {
  /// What became of the requests.
  package struct Tally: Sendable, Equatable {
    /// Actions whose results came from the server.
    package var fetched = 0
    /// Actions that it does not have.
    package var missed = 0
    /// Actions whose results it took.
    package var kept = 0
    /// Actions that it failed to give or take.
    package var failed = 0

    package init() {}
  }

  package let server: CacheServer
  private let stages: Set<String>
  private let limits: TransferLimits
  private let transfers: Transfers
  private let troubles = TroubleCount()
  private let counts = Mutex(Tally())
  private static let largestAnswer = 1 << 20

  /// - Parameter stages: names of those whose results are shared.
  package init(_ server: CacheServer, stages: Set<String>, limits: TransferLimits = TransferLimits()) {
    (self.server, self.stages, self.limits) = (server, stages, limits)
    transfers = Transfers(server, limits: limits)
  }

  package var tally: Tally { counts.withLock { $0 } }

  /// What went wrong, one for each kind; to be shown once the run is over.
  package var failures: [Failure] { troubles.failures(server.name) }

  package func holds(stage: String) -> Bool { stages.contains(stage) }

  package func find(_ fingerprint: Digest, stage: String) -> [NamedOutput]? {
    let found: [NamedOutput]?? = attempt(.reading) {
      guard let bytes = try transfers.get("ac/\(fingerprint.hex)", limit: Self.largestAnswer) else { return nil }
      var outputs: [NamedOutput] = []
      for file in try SharedAnswer(bytes, to: fingerprint, stage: stage).files {
        // Servers drop what was not asked for lately: then the answer is worth nothing.
        guard let bytes = try file.bytes ?? transfers.get("cas/\(file.digest.hex)", limit: max(1, file.size)) else {
          return nil
        }
        guard bytes.count >= file.size else {
          throw Trouble(.cutOff, "\(bytes.count) of \(file.size) bytes of \(file.digest.short)")
        }
        guard Digest(of: bytes) == file.digest else {
          throw Trouble(.wrong, "bytes that are not \(file.digest.short)")
        }
        outputs.append(NamedOutput(name: file.name, digest: file.digest, bytes: bytes))
      }
      return outputs
    }
    guard let outputs = found else { return nil }
    let isThere = outputs != nil
    counts.withLock { if isThere { $0.fetched += 1 } else { $0.missed += 1 } }
    return outputs
  }

  package func keep(_ fingerprint: Digest, stage: String, _ outputs: [NamedOutput]) {
    // Nobody would take it from there.
    guard outputs.reduce(0, { $0 + $1.bytes.count }) <= SharedAnswer.mostBytes else { return }
    let kept: Void? = attempt(.writing) {
      // The answer last: it never names what is not there.
      for output in outputs where !output.bytes.isEmpty {
        try transfers.put("cas/\(output.digest.hex)", output.bytes)
      }
      try transfers.put(
        "ac/\(fingerprint.hex)", try SharedAnswer.bytes(fingerprint, stage: stage, outputs))
    }
    if kept != nil { counts.withLock { $0.kept += 1 } }
  }

  /// Nil where it failed, or where the server is left alone.
  private func attempt<T>(_ direction: TroubleCount.Direction, _ body: () throws -> T) -> T? {
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
      let seconds = seconds()
      troubles.failed(error as? Trouble ?? Trouble(.failing, "\(error)"), direction, seconds: seconds)
      counts.withLock { $0.failed += 1 }
      return nil
    }
  }
}

import Dispatch
import Glibc
import Synchronization

/// Handles Ctrl-C and SIGTERM: the first signal asks for an orderly end (finish the current work, store it, exit 130),
/// the second ends the process at once.
package enum Interruption {
  private static let signals = Atomic<Int>(0)
  nonisolated(unsafe) private static var sources: [any DispatchSourceSignal] = []

  /// Whether to stop after the current work.
  package static var isRequested: Bool { signals.load(ordering: .relaxed) > 0 }

  /// Requests an interruption from inside the process, like one signal.
  package static func request() { signals.add(1, ordering: .relaxed) }

  /// Starts handling signals. Called once, on the main thread, before any work.
  /// - Parameter onFirst: tells the user that the current work is finished first; called on a thread of its own.
  package static func watch(onFirst: @escaping @Sendable () -> Void = {}) {
    let queue = DispatchQueue(label: "signals")
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        if signals.add(1, ordering: .relaxed).newValue >= 2 { _exit(ExitStatus.interrupted.rawValue) }
        onFirst()
      }
      source.resume()
      sources.append(source)
    }
    signal(SIGPIPE, SIG_IGN)
    // If a file grows over the limit of `ulimit -f`, the write reports an error.
    signal(SIGXFSZ, SIG_IGN)
  }

  package static let failure = Failure(
    "interrupted", "interrupted; what was finished is kept", hint: "run the same command again to go on",
    exit: .interrupted)
}

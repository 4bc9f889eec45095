import Dispatch
import Glibc
import Synchronization

/// Ctrl-C and SIGTERM: the first asks for an orderly end (finish what is in hand, keep it, exit 130), the second ends
/// at once.
package enum Interruption {
  private static let signals = Atomic<Int>(0)
  nonisolated(unsafe) private static var sources: [any DispatchSourceSignal] = []

  /// Whether to stop after the work in hand.
  package static var isRequested: Bool { signals.load(ordering: .relaxed) > 0 }

  /// What a `request` from inside does: the same as one signal.
  package static func request() { signals.add(1, ordering: .relaxed) }

  /// Called once, from the main thread, before any work.
  package static func watch() {
    let queue = DispatchQueue(label: "signals")
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        if signals.add(1, ordering: .relaxed).newValue >= 2 { _exit(ExitStatus.interrupted.rawValue) }
      }
      source.resume()
      sources.append(source)
    }
    signal(SIGPIPE, SIG_IGN)
    // A file that grows over the limit of `ulimit -f` is an error of that write.
    signal(SIGXFSZ, SIG_IGN)
  }

  package static let failure = Failure(
    "interrupted", "interrupted; what was finished is kept", hint: "run the same command again to go on",
    exit: .interrupted)
}

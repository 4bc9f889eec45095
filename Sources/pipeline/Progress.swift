import Foundation
import Synchronization

/// Progress on stderr: a bar on a terminal, a line every ten seconds elsewhere, one event a second with `--json`.
final class Progress: Sendable {
  private struct State {
    var done = 0
    var last = ContinuousClock.now
    var shownOnce = false
  }

  private let total: Int
  private let what: String
  private let start = ContinuousClock.now
  private let state = Mutex(State())

  init(_ what: String, total: Int) {
    self.what = what
    self.total = total
  }

  /// - Parameters:
  ///   - extra: shown to people behind the numbers.
  ///   - fields: told to machines beside the numbers.
  func advance(
    by count: Int = 1, extra: @autoclosure () -> String = "", fields: @autoclosure () -> [String: Any] = [:]
  ) {
    let now = ContinuousClock.now
    let interval: Duration =
      Console.isTerminal && !Console.isJSON ? .milliseconds(100) : Console.isJSON ? .seconds(1) : .seconds(10)
    let due: Int? = state.withLock { state in
      state.done += count
      guard now - state.last >= interval else { return nil }
      state.last = now
      state.shownOnce = true
      return state.done
    }
    if let due { show(due, now, extra, fields) }
  }

  private func show(
    _ done: Int, _ now: ContinuousClock.Instant, _ extra: () -> String, _ fields: () -> [String: Any]
  ) {
    let seconds = (now - start) / .seconds(1)
    let speed = Double(done) / max(seconds, 1e-3)
    let left = speed > 0 ? Double(total - done) / speed : 0
    if Console.isJSON {
      let numbers: [String: Any] = [
        "what": what, "done": done, "total": total, "perSecond": (speed * 100).rounded() / 100,
        "secondsLeft": left.rounded(),
      ]
      Console.event("progress", numbers.merging(fields()) { $1 })
      return
    }
    guard !Console.isQuiet else { return }
    let more = extra()
    let numbers =
      "\(what) \(done)/\(total) \(one(speed))/s, \(Self.duration(left)) left\(more.isEmpty ? "" : "  \(more)")"
    if Console.isTerminal {
      // The bar takes what the words leave.
      let width = min(24, max(4, Console.terminalWidth - numbers.count - 4))
      let filled = total > 0 ? min(width, done * width / total) : width
      Console.bar(
        "[\(String(repeating: "#", count: filled))\(String(repeating: ".", count: width - filled))] \(numbers)")
    } else {
      Console.note(numbers)
    }
  }

  static func duration(_ seconds: Double) -> String {
    let total = Int(min(max(0, seconds), 1e8))
    return total >= 3600
      ? "\(total / 3600) h \(total / 60 % 60) min" : total >= 60 ? "\(total / 60) min \(total % 60) s" : "\(total) s"
  }
}

/// One decimal.
func one(_ value: Double) -> String { String(format: "%.1f", value) }

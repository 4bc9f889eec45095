import Basics
import Foundation
import Synchronization

/// Progress of the whole program, one task at a time: a bar on a terminal, otherwise a line every ten seconds, or one
/// event a second with `--json`.
///
/// The working code reports its progress, and a separate thread shows it, so that a task that reports nothing is shown
/// too. A short task is never shown.
enum Progress {
  /// The current task.
  struct Work: Sendable {
    var what: String
    var total: Int?
    /// The part of `done` that was done before this run began, when training resumes.
    var before = 0
    var done = 0
    var seconds = 0.0
    /// For people, after the numbers.
    var extra = ""
    /// For machines, with the numbers.
    var fields: [String: any Sendable] = [:]

    var speed: Double { Double(done - before) / max(seconds, 1e-3) }

    /// Nil when it is not known.
    var secondsLeft: Double? {
      guard let total, done > before else { return nil }
      return Double(max(0, total - done)) / speed
    }

    /// `clips 12/40, 3.1/s, 9 s left  epoch 2`, or `reading the shards, 12 s`.
    var line: String {
      guard let total else { return "\(what), \(Progress.duration(seconds))" }
      var text = "\(what) \(done)/\(total)"
      if let secondsLeft {
        text += ", \(one(speed))/s, \(Progress.duration(secondsLeft)) left"
      } else {
        text += ", \(Progress.duration(seconds))"
      }
      return extra.isEmpty ? text : "\(text)  \(extra)"
    }

    var event: [String: Any] {
      var numbers: [String: Any] = ["what": what, "seconds": (seconds * 10).rounded() / 10]
      if let total {
        (numbers["done"], numbers["total"], numbers["perSecond"]) = (done, total, (speed * 100).rounded() / 100)
        numbers["secondsLeft"] = secondsLeft.map { $0.rounded() as Any } ?? NSNull()
      }
      for (key, value) in fields { numbers[key] = value }
      return numbers
    }

    /// The line after a bar that fills the rest of the terminal's width, and how much of the bar is filled.
    func bar(width columns: Int) -> (text: String, filled: Int) {
      guard let total else { return (String(line.prefix(columns)), 0) }
      let width = min(24, max(4, columns - line.count - 3))
      let filled = total > 0 ? min(width, done * width / total) : width
      let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
      return (String("[\(bar)] \(line)".prefix(columns)), filled)
    }
  }

  private struct State {
    var work: Work?
    var begun = ContinuousClock.now
    var lastShown: ContinuousClock.Instant?
    /// When the last line was written to a log; lines keep their minimum interval also across tasks.
    var lastLine: ContinuousClock.Instant?
    var isWatched = false
    var isEndTold = false
  }

  private static let state = Mutex(State())

  // MARK: What is told

  /// Starts a task.
  /// - Parameters:
  ///   - what: with a total, the counted items, in the plural; otherwise what is being done.
  ///   - done: what was done before.
  static func begin(_ what: String, total: Int? = nil, done: Int = 0) {
    let isNew = state.withLock { state in
      state.work = Work(what: what, total: total, before: done, done: done)
      (state.begun, state.lastShown, state.isEndTold) = (.now, nil, false)
      defer { state.isWatched = true }
      return !state.isWatched
    }
    if isNew { watch() }
  }

  static func advance(by count: Int = 1, extra: String = "", fields: [String: any Sendable] = [:]) {
    state.withLock { state in
      state.work?.done += count
      state.work?.extra = extra
      state.work?.fields = fields
    }
    tellEnd()
  }

  /// Reports the final count to machines, if the task ran long enough to be shown.
  private static func tellEnd() {
    guard Console.isJSON else { return }
    let ended: Work? = state.withLock { state in
      guard var work = state.work, let total = work.total, work.done >= total, !state.isEndTold else { return nil }
      state.isEndTold = true
      let time = ContinuousClock.now - state.begun
      work.seconds = time / .seconds(1)
      return time >= Style.events.first ? work : nil
    }
    if let ended { Console.event("progress", ended.event) }
  }

  /// Shows the progress that a job reports.
  static func show(_ progress: WorkProgress) {
    let isSame = state.withLock { state in
      guard let work = state.work, work.what == progress.what, work.total == progress.total else { return false }
      state.work?.done = progress.done
      return true
    }
    if isSame { tellEnd() } else { begin(progress.what, total: progress.total, done: progress.done) }
  }

  /// Ends the task.
  static func end() {
    state.withLock { $0.work = nil }
    Console.clearBar()
  }

  // MARK: What is shown

  private static func watch() {
    let thread = Thread {
      while true {
        Thread.sleep(forTimeInterval: 0.1)
        if let due { show(due) }
      }
    }
    thread.stackSize = 1 << 19
    thread.start()
  }

  /// The task to show now, if any.
  private static var due: Work? {
    let now = ContinuousClock.now
    let style = Console.isJSON ? Style.events : Console.isTerminal ? .bar : .lines
    return state.withLock { state in
      guard var work = state.work, work.total.map({ work.done < $0 }) ?? true else {
        return nil
      }
      let since = now - (state.lastShown ?? state.begun)
      guard since >= (state.lastShown == nil ? style.first : style.next) else { return nil }
      if style == .lines, state.lastShown == nil, let last = state.lastLine, now - last < .seconds(2) { return nil }
      state.lastShown = now
      if style == .lines { state.lastLine = now }
      work.seconds = (now - state.begun) / .seconds(1)
      return work
    }
  }

  private enum Style {
    case bar, lines, events

    /// The time until a task is shown for the first time.
    var first: Duration {
      switch self {
      case .bar: .milliseconds(500)
      case .lines: .milliseconds(1500)
      case .events: .seconds(1)
      }
    }
    var next: Duration {
      switch self {
      case .bar: .milliseconds(200)
      case .lines: .seconds(10)
      case .events: .seconds(1)
      }
    }
  }

  private static func show(_ work: Work) {
    if Console.isJSON { return Console.event("progress", work.event) }
    guard !Console.isQuiet else { return }
    guard Console.isTerminal else { return Console.note(work.line) }
    let bar = work.bar(width: Console.terminalWidth - 1)
    Console.bar(bar.text, filled: bar.filled)
  }

  static func duration(_ seconds: Double) -> String {
    let total = Int(min(max(0, seconds), 1e8))
    return total >= 3600
      ? "\(total / 3600) h \(total / 60 % 60) min" : total >= 60 ? "\(total / 60) min \(total % 60) s" : "\(total) s"
  }
}

/// One decimal.
func one(_ value: Double) -> String { String(format: "%.1f", value) }

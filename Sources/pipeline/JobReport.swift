import Basics
import Corpus
import Foundation
import Prepare
import Synchronization

/// What a CI job shows beside its log: annotations, which GitHub reads from lines of the log, and a summary in
/// Markdown.
///
/// Everything is grouped by reason, because GitHub shows at most ten annotations of a kind. Nothing happens unless
/// GITHUB_ACTIONS is `true`.
enum JobReport {
  /// Clips or audio that share a reason.
  struct Reason: Sendable {
    var title: String
    var code: String
    var count: Int
    var example: String
  }

  private struct State {
    var command = ""
    var lines: [String] = []
    var reasons: [Reason] = []
    var warnings: [String] = []
    var failure: Failure?
  }

  private static let state = Mutex(State())
  private static let mostAnnotations = 10
  private static let isActive = ProcessInfo.processInfo.environment["GITHUB_ACTIONS"] == "true"

  static func begin(_ command: String) { state.withLock { $0.command = command } }

  /// A result for people.
  static func add(line: String) { if isActive { state.withLock { $0.lines.append(line) } } }

  static func add(warning: String) { if isActive { state.withLock { $0.warnings.append(warning) } } }

  static func add(failure: Failure) { if isActive { state.withLock { $0.failure = failure } } }

  /// Counts one more item for a reason; the first item is the example.
  static func add(reason code: String, title: String, count: Int = 1, example: String) {
    guard isActive else { return }
    state.withLock { state in
      if let place = state.reasons.firstIndex(where: { $0.code == code && $0.title == title }) {
        state.reasons[place].count += count
      } else {
        state.reasons.append(Reason(title: title, code: code, count: count, example: example))
      }
    }
  }

  /// Writes annotations to stderr, where GitHub reads them as from stdout, and the summary to GITHUB_STEP_SUMMARY.
  static func finish() {
    guard isActive else { return }
    let state = state.withLock { $0 }
    let lines = annotations(
      command: state.command, failure: state.failure, reasons: state.reasons, warnings: state.warnings)
    for line in lines { try? writeLine(line) }
    guard let path = ProcessInfo.processInfo.environment["GITHUB_STEP_SUMMARY"], !path.isEmpty,
      let file = FileHandle(forUpdatingAtPath: path) ?? created(path)
    else { return }
    _ = try? file.seekToEnd()
    try? file.write(contentsOf: Data(summary(state).utf8))
    try? file.close()
  }

  private static func created(_ path: String) -> FileHandle? {
    FileManager.default.createFile(atPath: path, contents: nil) ? FileHandle(forWritingAtPath: path) : nil
  }

  private static func writeLine(_ line: String) throws {
    try Array((line + "\n").utf8).withUnsafeBytes { try writeAll($0, to: 2, path: "output") }
  }

  // MARK: Annotations

  static func annotations(
    command: String, failure: Failure?, reasons: [Reason], warnings: [String]
  ) -> [String] {
    var lines: [String] = []
    if let failure, failure.exit != .interrupted {
      let level = failure.exit == .tooManyLeftOut || failure.exit == .noTeacherEmbeddings ? "warning" : "error"
      lines.append(annotation(level, title: "pipeline \(command): \(failure.code)", "\(failure)"))
    }
    let room = mostAnnotations - lines.count
    var others = sorted(reasons).map { reason in
      annotation("warning", title: "\(reason.count) \(reason.title): \(reason.code)", reason.example)
    }
    others += warnings.map { annotation("warning", title: "pipeline \(command)", $0) }
    if others.count > room {
      let rest = others.count - room + 1
      others = Array(others.prefix(room - 1))
      others.append(annotation("notice", title: "pipeline \(command)", "\(rest) more are in the log and the summary"))
    }
    return lines + others
  }

  private static func sorted(_ reasons: [Reason]) -> [Reason] {
    reasons.sorted { ($1.count, $0.code, $0.title) < ($0.count, $1.code, $1.title) }
  }

  /// GitHub's format: percent signs and line ends in the text are escaped, and in properties also colons and commas.
  private static func annotation(_ level: String, title: String, _ text: String) -> String {
    let escaped = { (text: String) in
      text.replacing("%", with: "%25").replacing("\r", with: "%0D").replacing("\n", with: "%0A")
    }
    let title = escaped(title).replacing(":", with: "%3A").replacing(",", with: "%2C")
    return "::\(level) title=\(title)::\(escaped(text))"
  }

  // MARK: Summary

  private static func summary(_ state: State) -> String {
    var text = "### pipeline \(state.command)\n\n"
    if let failure = state.failure {
      text += "**\(markdown(failure.what))**"
      for (name, value) in [("on", failure.subject), ("found", failure.found), ("expected", failure.expected)] {
        if let value { text += "  \n\(name): \(markdown(value))" }
      }
      if let hint = failure.hint { text += "  \nhint: \(markdown(hint))" }
      text += "\n\n"
    }
    for warning in state.warnings { text += "- warning: \(markdown(warning))\n" }
    if !state.warnings.isEmpty { text += "\n" }
    if !state.reasons.isEmpty {
      text += "| | reason | number | for example |\n|---|---|---:|---|\n"
      for reason in sorted(state.reasons) {
        text += "| \(markdown(reason.title)) | `\(reason.code)` | \(reason.count) | \(markdown(reason.example)) |\n"
      }
      text += "\n"
    }
    if !state.lines.isEmpty {
      text += "```text\n\(state.lines.joined(separator: "\n").replacing("```", with: "'''"))\n```\n\n"
    }
    return text
  }

  /// File names are untrusted: characters with a meaning in Markdown or HTML are escaped.
  private static func markdown(_ text: String) -> String {
    var escaped = ""
    for character in text {
      switch character {
      case "\n", "\r", "\r\n": escaped += "<br>"
      case "<": escaped += "&lt;"
      case "&": escaped += "&amp;"
      case "|", "\\", "`", "*", "_", "[", "]", "#": escaped += "\\\(character)"
      default: escaped.append(character)
      }
    }
    return escaped
  }
}

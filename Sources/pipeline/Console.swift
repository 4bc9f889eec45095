import Basics
import Foundation
import Synchronization

/// The only place that prints: results on stdout, progress and problems on stderr.
enum Console {
  /// The options `--json` and `--quiet`.
  struct Style: Sendable {
    var json = false
    var quiet = false
  }

  private static let style = Mutex(Style())
  private static let mutedRank = Mutex<Int?>(nil)
  /// Whether a bar is on the screen; its lock also lets only one thread write at a time.
  private static let screen = Mutex(false)

  static func use(_ new: Style) { style.withLock { $0 = new } }
  static var isJSON: Bool { style.withLock { $0.json } && !isMuted }
  static var isQuiet: Bool { style.withLock { $0.quiet } || isMuted }

  /// From here on only failures are printed, with the rank: another process prints the rest.
  static func mute(rank: Int) { mutedRank.withLock { $0 = rank } }
  static var isMuted: Bool { mutedRank.withLock { $0 } != nil }

  /// Prints a result for people. With `--json` prints nothing, since machines get events.
  static func say(_ text: String) {
    JobReport.add(line: text)
    guard !isJSON, !isMuted else { return }
    put(fitted(printable(text), to: 1) + "\n", to: 1)
  }

  /// Prints a table for people.
  static func say(_ table: Table) {
    JobReport.add(line: table.text)
    guard !isJSON, !isMuted else { return }
    put(printable(table.text(width: width(of: 1) ?? .max)) + "\n", to: 1)
  }

  /// Asks a yes-or-no question on a terminal. The answer is no when nobody can be asked.
  static func asks(_ question: String) -> Bool {
    guard isTerminal, isatty(0) == 1, !isJSON, !isMuted else { return false }
    Progress.end()
    put("\(printable(question)) [y/N] ", to: 2)
    return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
  }

  /// Prints one JSON line on stdout with `--json`; otherwise nothing.
  static func event(_ name: String, _ fields: [String: Any] = [:]) {
    guard isJSON else { return }
    var object = fields
    object["event"] = name
    guard
      let data = try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
    else { return }
    put(String(decoding: data, as: UTF8.self) + "\n", to: 1)
  }

  /// Prints information that is not a result.
  static func note(_ text: String) {
    event("note", ["text": text])
    guard !isQuiet, !isJSON else { return }
    put(fitted(printable(text), to: 2) + "\n", to: 2)
  }

  /// The command that usually follows.
  static func next(_ words: [String]) { note("next: \(ShellCommand.text(["pipeline"] + words))") }

  static func warn(_ text: String) {
    event("warning", ["text": text])
    guard !isMuted else { return }
    JobReport.add(warning: text)
    put(colored("warning:", .yellow) + fitted(" \(printable(text))", to: 2, after: 8) + "\n", to: 2)
  }

  static func warn(_ failure: Failure) { warn("\(failure.hinted)") }

  static func report(_ failure: Failure) {
    let failure = failure.hinted
    JobReport.add(failure: failure)
    var fields: [String: Any] = ["code": failure.code, "text": failure.what, "exit": Int(failure.exit.rawValue)]
    for (key, value) in [
      ("subject", failure.subject), ("found", failure.found), ("expected", failure.expected), ("hint", failure.hint),
    ] {
      fields[key] = value
    }
    event("error", fields)
    let rank = mutedRank.withLock { $0 }.map { "rank \($0): " } ?? ""
    let lead = failure.exit == .interrupted ? "" : colored("error:", .red) + " "
    put(rank + lead + fitted(printable("\(failure)"), to: 2, after: rank.count + 7) + "\n", to: 2)
  }

  /// Redraws the progress bar on a terminal.
  /// - Parameters:
  ///   - text: no wider than the terminal, because a wrapped line cannot be erased.
  ///   - filled: the number of colored characters after the first one.
  static func bar(_ text: String, filled: Int) {
    let shown = text.prefix(1) + colored(String(text.dropFirst().prefix(filled)), .green) + text.dropFirst(1 + filled)
    screen.withLock { isShown in
      isShown = true
      write("\r\u{1B}[2K\(shown)", to: 2)
    }
  }

  static func clearBar() { put("", to: 2) }

  /// Writes text, replacing the bar.
  private static func put(_ text: String, to descriptor: Int32) {
    screen.withLock { isShown in
      if isShown { write("\r\u{1B}[2K", to: 2) }
      isShown = false
      if !text.isEmpty { write(text, to: descriptor) }
    }
  }

  static var terminalWidth: Int { width(of: 2) ?? 80 }

  /// The width of the terminal that a descriptor writes to; nil when it is not a terminal.
  private static func width(of descriptor: Int32) -> Int? {
    var size = winsize()
    return ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 1 ? Int(size.ws_col) : nil
  }

  /// - Parameter after: characters that are already on the first line.
  private static func fitted(_ text: String, to descriptor: Int32, after: Int = 0) -> String {
    guard let width = width(of: descriptor) else { return text }
    let lead = String(repeating: "\u{0}", count: after)
    return String(TextWrapping.wrapped(lead + text, width: width).dropFirst(after))
  }

  private enum Color: Int { case red = 31, green, yellow }

  /// True on a terminal, unless NO_COLOR (no-color.org) is set.
  private static let hasColor = isTerminal && ProcessInfo.processInfo.environment["NO_COLOR"] ?? "" == ""

  private static func colored(_ text: String, _ color: Color) -> String {
    hasColor && !text.isEmpty ? "\u{1B}[1;\(color.rawValue)m\(text)\u{1B}[0m" : text
  }

  static let isTerminal = isatty(2) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"

  /// File names are untrusted: characters that would control a terminal are escaped.
  private static func printable(_ text: String) -> String {
    let steers = { (scalar: Unicode.Scalar) in
      scalar.value < 0x20 && scalar != "\n" && scalar != "\t" || (0x7F...0x9F).contains(scalar.value)
    }
    guard text.unicodeScalars.contains(where: steers) else { return text }
    return text.unicodeScalars.map { steers($0) ? "\\x\(String($0.value, radix: 16))" : String($0) }.joined()
  }

  /// Why results could not be written, if so. A reader that has read enough (`| head`) is not a problem.
  static var problem: Failure? { lost.withLock { $0 } }
  private static let lost = Mutex<Failure?>(nil)

  private static func write(_ text: String, to descriptor: Int32) {
    do {
      try Array(text.utf8).withUnsafeBytes { try writeAll($0, to: descriptor, path: "standard output") }
    } catch let failure as Failure {
      if descriptor == 1, errno != EPIPE { lost.withLock { $0 = $0 ?? failure } }
    } catch {}
  }
}

/// The value of a text for machines: a number if it is one, null for the dash of a missing value.
func machineValue(_ text: String) -> Any {
  if text == "-" { return NSNull() }
  if let whole = Int(text) { return whole }
  if let number = Double(text), number.isFinite { return number }
  return text
}

/// For a text with a unit, such as `24105 MiB`: additional fields with the number and the unit.
func machineFields(_ key: String, _ text: String) -> [String: Any] {
  let parts = text.split(separator: " ", maxSplits: 1).map(String.init)
  guard parts.count == 2, let number = Double(parts[0]), number.isFinite, parts[1].allSatisfy({ $0.isLetter }) else {
    return [key: machineValue(text)]
  }
  return [key: Int(parts[0]) ?? number, "unit": parts[1]]
}

import Basics
import Foundation
import Synchronization

/// The one place that writes to people and machines: results on stdout, progress and problems on stderr.
enum Console {
  /// What `--json` and `--quiet` chose.
  struct Style: Sendable {
    var json = false
    var quiet = false
  }

  private static let style = Mutex(Style())
  private static let mutedRank = Mutex<Int?>(nil)
  private static let barIsShown = Mutex(false)

  static func use(_ new: Style) { style.withLock { $0 = new } }
  static var isJSON: Bool { style.withLock { $0.json } && !isMuted }
  static var isQuiet: Bool { style.withLock { $0.quiet } || isMuted }

  /// From here on only failures are told, with the rank: another process says the rest.
  static func mute(rank: Int) { mutedRank.withLock { $0 = rank } }
  static var isMuted: Bool { mutedRank.withLock { $0 } != nil }

  /// A result, for people. With `--json` nothing: machines get events.
  static func say(_ text: String) {
    JobReport.add(line: text)
    guard !isJSON, !isMuted else { return }
    clearBar()
    write(printable(text) + "\n", to: 1)
  }

  /// One JSON line on stdout with `--json`, else nothing.
  static func event(_ name: String, _ fields: [String: Any] = [:]) {
    guard isJSON else { return }
    var object = fields
    object["event"] = name
    guard
      let data = try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
    else { return }
    write(String(decoding: data, as: UTF8.self) + "\n", to: 1)
  }

  /// Something worth knowing that is no result.
  static func note(_ text: String) {
    event("note", ["text": text])
    guard !isQuiet, !isJSON else { return }
    clearBar()
    write(printable(text) + "\n", to: 2)
  }

  static func warn(_ text: String) {
    event("warning", ["text": text])
    guard !isMuted else { return }
    JobReport.add(warning: text)
    clearBar()
    write("warning: \(printable(text))\n", to: 2)
  }

  static func warn(_ failure: Failure) { warn("\(failure.hinted)") }

  static func report(_ failure: Failure) {
    let failure = failure.hinted
    clearBar()
    JobReport.add(failure: failure)
    var fields: [String: Any] = ["code": failure.code, "text": failure.what, "exit": Int(failure.exit.rawValue)]
    for (key, value) in [
      ("subject", failure.subject), ("found", failure.found), ("expected", failure.expected), ("hint", failure.hint),
    ] {
      fields[key] = value
    }
    event("error", fields)
    let rank = mutedRank.withLock { $0 }.map { "rank \($0): " } ?? ""
    write(rank + (failure.exit == .interrupted ? "" : "error: ") + printable("\(failure)") + "\n", to: 2)
  }

  /// Redraws the bar of a terminal, cut to its width: what wraps cannot be taken back.
  static func bar(_ text: String) {
    barIsShown.withLock { $0 = true }
    write("\r\u{1B}[2K\(text.prefix(terminalWidth - 1))", to: 2)
  }

  static var terminalWidth: Int {
    var size = winsize()
    return ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 1 ? Int(size.ws_col) : 80
  }

  static func clearBar() {
    let shown = barIsShown.withLock { shown in
      defer { shown = false }
      return shown
    }
    if shown { write("\r\u{1B}[2K", to: 2) }
  }

  static let isTerminal = isatty(2) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"

  /// Names of files are outside data: what would steer a terminal is spelled out.
  private static func printable(_ text: String) -> String {
    let steers = { (scalar: Unicode.Scalar) in
      scalar.value < 0x20 && scalar != "\n" && scalar != "\t" || (0x7F...0x9F).contains(scalar.value)
    }
    guard text.unicodeScalars.contains(where: steers) else { return text }
    return text.unicodeScalars.map { steers($0) ? "\\x\(String($0.value, radix: 16))" : String($0) }.joined()
  }

  /// Why results could not be written, if so. A reader that has seen enough (`| head`) is no reason.
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

/// Columns that line up.
struct Table {
  private var rows: [[String]] = []

  mutating func add(_ cells: String...) { rows.append(cells) }

  mutating func add(row cells: [String]) { rows.append(cells) }

  var text: String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
    return rows.map { row in
      row.enumerated().map { column, cell in
        column == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }
}

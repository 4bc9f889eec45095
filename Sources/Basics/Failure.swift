/// The exit status of the process. A status that only one kind of work uses is declared there.
package struct ExitStatus: RawRepresentable, Hashable, Sendable {
  package let rawValue: Int32
  package init(rawValue: Int32) { self.rawValue = rawValue }

  package static let done = ExitStatus(rawValue: 0)
  package static let failed = ExitStatus(rawValue: 1)
  package static let usage = ExitStatus(rawValue: 64)
  /// Another process is writing there.
  package static let locked = ExitStatus(rawValue: 75)
  package static let interrupted = ExitStatus(rawValue: 130)
}

/// The common form of all errors shown to the user: what failed, on what, found and expected values, and a hint.
///
/// Each module has its messages in one file (`MediaFailures.swift`, …) as static functions on this type, so that each
/// message is written once. `code` is stable and machine-readable; messages may change.
package struct Failure: Error, Sendable, Equatable {
  package var code: String
  package var what: String
  package var subject: String?
  package var found: String?
  package var expected: String?
  package var hint: String?
  package var exit: ExitStatus
  /// The `errno` of the failed system call, if there was one.
  package var systemError: Int32?

  package init(
    _ code: String, _ what: String, on subject: String? = nil, found: String? = nil, expected: String? = nil,
    hint: String? = nil, exit: ExitStatus = .failed
  ) {
    self.code = code
    self.what = what
    self.subject = subject
    self.found = found
    self.expected = expected
    self.hint = hint
    self.exit = exit
  }
}

extension Failure: CustomStringConvertible {
  /// One or two lines: `what: subject (found X, expected Y)` and `hint: …`.
  package var description: String {
    var line = what
    if let subject { line += ": \(subject)" }
    let evidence = [found.map { "found \($0)" }, expected.map { "expected \($0)" }].compactMap { $0 }
    if !evidence.isEmpty { line += " (\(evidence.joined(separator: ", ")))" }
    if let hint { line += "\n  hint: \(hint)" }
    return line
  }
}

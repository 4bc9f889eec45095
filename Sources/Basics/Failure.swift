/// How the process ends. Those that only one kind of work has are declared where it is.
package struct ExitStatus: RawRepresentable, Hashable, Sendable {
  package let rawValue: Int32
  package init(rawValue: Int32) { self.rawValue = rawValue }

  package static let done = ExitStatus(rawValue: 0)
  package static let failed = ExitStatus(rawValue: 1)
  package static let usage = ExitStatus(rawValue: 64)
  /// Another process writes there.
  package static let locked = ExitStatus(rawValue: 75)
  package static let interrupted = ExitStatus(rawValue: 130)
}

/// The one shape of every error that a person sees: what failed, on what, found and expected, and a way out.
///
/// Each module words its own failures in one file (`MediaFailures.swift`, …) as static functions on this type, so that
/// a sentence stands in one place. `code` is stable and machine-readable; sentences may change.
package struct Failure: Error, Sendable, Equatable {
  package var code: String
  package var what: String
  package var subject: String?
  package var found: String?
  package var expected: String?
  package var hint: String?
  package var exit: ExitStatus
  /// The `errno` of the system call that failed, where one did.
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

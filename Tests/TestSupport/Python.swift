import Foundation

/// Debian's Python with its numpy and torch packages; PIPELINE_PYTHON names another one, with other versions.
package enum Python {
  static let path = ProcessInfo.processInfo.environment["PIPELINE_PYTHON"] ?? "/usr/bin/python3"
  package static let isThere = (try? run("import tarfile")) != nil
  package static let hasNumpy = (try? run("import numpy")) != nil
  package static let hasTorch = (try? run("import torch")) != nil

  struct Refusal: Error, CustomStringConvertible { let description: String }

  /// Runs a program and returns its output. The arguments are in `sys.argv[1:]`.
  @discardableResult
  package static func run(_ program: String, _ arguments: String...) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = ["-c", program] + arguments
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let complaint = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Refusal(description: String(decoding: complaint, as: UTF8.self)) }
    return String(decoding: text, as: UTF8.self)
  }
}

import Basics
import Foundation

/// An external program, run without a shell, so that its arguments are passed unchanged.
struct ExternalProgram {
  struct Ending {
    /// The exit status, or the signal number if a signal ended it.
    var status: Int32
    /// The last lines on standard error.
    var lastLines: [String]
  }

  /// The first word is looked up in PATH.
  let words: [String]

  /// Runs the program until it ends.
  /// - Parameters:
  ///   - input: a file for its standard input; nil: empty.
  ///   - output: a file for its standard output; nil: it is discarded.
  ///   - directory: where its standard error is stored.
  /// - Throws: `Failure` if files cannot be opened, `Interruption.failure` after a signal, which is also sent to the
  ///   program.
  func run(input: String?, output: String?, in directory: TemporaryDirectory) throws -> Ending {
    let said = "\(directory.path)/said"
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = words
    process.standardInput = try input.map { try Self.handle($0, FileHandle.init(forReadingAtPath:)) } ?? .nullDevice
    process.standardOutput = try output.map(Self.fresh) ?? .nullDevice
    process.standardError = try Self.fresh(said)
    do { try process.run() } catch { throw Failure("external.start", "a program does not start", on: words[0]) }
    while process.isRunning {
      if Interruption.isRequested { process.terminate() }
      usleep(20_000)
    }
    process.waitUntilExit()
    if Interruption.isRequested { throw Interruption.failure }
    let lines = String(decoding: try Files.read(said), as: UTF8.self).split(separator: "\n").suffix(3)
    return Ending(status: process.terminationStatus, lastLines: lines.map { String($0.prefix(300)) })
  }

  private static func fresh(_ path: String) throws -> FileHandle {
    try Files.write([UInt8](), to: path)
    return try handle(path, FileHandle.init(forWritingAtPath:))
  }

  private static func handle(_ path: String, _ open: (String) -> FileHandle?) throws -> FileHandle {
    guard let handle = open(path) else { throw Failure.system("open", path) }
    return handle
  }
}

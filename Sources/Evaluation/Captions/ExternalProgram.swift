import Basics
import Foundation

/// A program of others, run without a shell: its words reach it as they are.
struct ExternalProgram {
  struct Ending {
    /// The exit status; of one that a signal ended, its number.
    var status: Int32
    /// What it said last on standard error.
    var lastLines: [String]
  }

  /// The first is looked up in PATH.
  let words: [String]

  /// Runs it to its end.
  /// - Parameters:
  ///   - input: a file that it reads from standard input; nil: nothing.
  ///   - output: a file for its standard output; nil: nobody reads it.
  ///   - directory: for what it says on standard error.
  /// - Throws: `Failure` where files cannot be opened, `Interruption.failure` after a signal, which it gets too.
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

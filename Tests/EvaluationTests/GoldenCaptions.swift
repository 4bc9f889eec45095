import Basics
import Foundation

/// Scores and tokens of the reference implementation, if they are available.
enum GoldenCaptions {
  static let directory = (ProcessInfo.processInfo.environment["PIPELINE_SHARED"] ?? "../shared") + "/golden/captions"

  static let areHere: Bool = {
    let here = Files.isDirectory(directory)
    if !here {
      print("SKIPPED: golden captions are not at \(directory); set PIPELINE_SHARED to the directory that holds them")
    }
    return here
  }()

  static func names(endingIn ending: String) throws -> [String] {
    try Files.names(in: directory).filter { $0.hasSuffix(ending) }.sorted()
  }

  /// The lines of a compressed file.
  static func lines(_ name: String) throws -> [String] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/gzip")
    process.arguments = ["-dc", "\(directory)/\(name)"]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self).split(separator: "\n").map { $0.trimmingCharacters(in: .newlines) }
  }
}

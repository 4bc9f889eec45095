import Basics
import Foundation

/// Scores and tokens of an outside judge, where they are.
enum GoldenCaptions {
  static let folder = (ProcessInfo.processInfo.environment["PIPELINE_SHARED"] ?? "../shared") + "/golden/captions"

  static let areHere: Bool = {
    let here = Files.isDirectory(folder)
    if !here {
      print("SKIPPED: golden captions are not at \(folder); set PIPELINE_SHARED to the folder that holds them")
    }
    return here
  }()

  static func names(endingIn ending: String) throws -> [String] {
    try Files.names(in: folder).filter { $0.hasSuffix(ending) }.sorted()
  }

  /// The lines of a compressed file.
  static func lines(_ name: String) throws -> [String] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/gzip")
    process.arguments = ["-dc", "\(folder)/\(name)"]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self).split(separator: "\n").map { $0.trimmingCharacters(in: .newlines) }
  }
}

import Basics
import Foundation

/// `metrics.jsonl`: one line a step and one an epoch. A record: it may hold times, and is cut back to the checkpoint on resume.
package final class MetricsLog {
  package struct Line: Codable, Sendable {
    package var kind: String
    package var step: Int
    package var epoch: Int
    package var loss: Double
    package var validationLoss: Double?
    package var learningRate: Double
    package var gradientNorm: Double?
    package var temperatures: [String: Double]?
    package var samplesPerSecond: Double?
  }

  private let path: String
  private let handle: FileHandle

  /// Opens the log and drops what stands in it after `step`.
  package init(_ path: String, keepThrough step: Int) throws {
    self.path = path
    let kept = Self.lines(path).filter { $0.step <= step }
    var text = ""
    for line in kept { text += try CanonicalJSON.text(line) + "\n" }
    try Files.write(text, to: path)
    guard let handle = FileHandle(forWritingAtPath: path) else { throw Failure.system("open", path) }
    self.handle = handle
    handle.seekToEndOfFile()
  }

  deinit { try? handle.close() }

  package func append(_ line: Line) throws {
    let text = try CanonicalJSON.text(line) + "\n"
    do { try handle.write(contentsOf: Data(text.utf8)) } catch { throw Failure.system("write", path) }
  }

  /// The lines of a log that can be read; a torn last line is not one.
  package static func lines(_ path: String) -> [Line] {
    guard let bytes = try? Files.read(path) else { return [] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap {
      try? JSONDecoder().decode(Line.self, from: Data($0.utf8))
    }
  }
}

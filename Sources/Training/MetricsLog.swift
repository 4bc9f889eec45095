import Basics
import Foundation

/// `metrics.jsonl`: one line per step and one per epoch, also written as TensorBoard events. It may contain times, and
/// is cut back to the checkpoint when training resumes.
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
    /// Retrieval among the validation clips: R@1, R@5, R@10 and MRR in each direction.
    package var retrieval: [String: Double]?
    /// The scores of captions for the validation clips, and the loss.
    package var captions: [String: Double]?
    /// Seconds since 1970.
    package var time: Double?
  }

  private let path: String
  private let handle: FileHandle
  private let events: EventFile

  /// Opens the log and drops the lines that training writes again after resuming from `state`: those of later steps,
  /// and of epochs that are not finished in `state`.
  package init(_ path: String, keepThrough state: TrainingState) throws {
    self.path = path
    let kept = Self.lines(path).filter { $0.step <= state.step && ($0.kind != "epoch" || $0.epoch < state.epoch) }
    var text = ""
    for line in kept { text += try CanonicalJSON.text(line) + "\n" }
    try Files.write(text, to: path)
    guard let handle = FileHandle(forWritingAtPath: path) else { throw Failure.system("open", path) }
    self.handle = handle
    handle.seekToEndOfFile()
    events = try EventFile("\(Files.parent(path))/events.out.tfevents.run", lines: kept)
  }

  deinit { try? handle.close() }

  package func append(_ line: Line) throws {
    var line = line
    line.time = Date().timeIntervalSince1970
    let text = try CanonicalJSON.text(line) + "\n"
    do { try handle.write(contentsOf: Data(text.utf8)) } catch { throw Failure.system("write", path) }
    try events.append(line)
  }

  /// Flushes the appended lines to disk, so that they survive a power failure.
  package func sync() throws {
    do { try handle.synchronize() } catch { throw Failure.system("sync", path) }
  }

  /// The readable lines of a log; an incomplete last line is skipped.
  package static func lines(_ path: String) -> [Line] {
    guard let bytes = try? Files.read(path) else { return [] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap {
      try? JSONDecoder().decode(Line.self, from: Data($0.utf8))
    }
  }
}

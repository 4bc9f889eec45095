import Basics
import Evaluation
import Foundation

/// Where evaluations are kept: `evaluation.json` in the run's directory, or a file named by the user. Both are also
/// written as Markdown and as comma-separated text.
enum EvaluationOutput {
  /// Adds records to the file, replacing earlier ones of the same kind on the same data.
  /// - Parameters:
  ///   - out: a file; nil writes to the run's directory.
  ///   - markdown: nil takes the name of the JSON file with another extension.
  /// - Returns: the files that were written; empty when there is neither a run's directory nor a name.
  static func write(
    _ records: [EvaluationRecord], out: String?, markdown: String?, student: EvaluatedModel?
  ) throws -> [String] {
    let path = out ?? student?.directory.map { "\($0)/\(EvaluationFile.name)" }
    var written: [String] = []
    var file = EvaluationFile()
    if let path {
      try Files.makeDirectory(Files.parent(path))
      let lock = try FileLock("\(Files.parent(path))/.\(Files.name(path)).lock")
      defer { withExtendedLifetime(lock) {} }
      file = try EvaluationFile(reading: path)
      for record in records { file.put(record) }
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
      try Files.write(Array(try encoder.encode(file)) + [0x0A], to: path)
      written.append(path)
    } else {
      for record in records { file.put(record) }
    }
    if let place = path.map({ beside($0, "scores.csv") }) {
      try Files.write(EvaluationTable.bytes(file), to: place)
      written.append(place)
    }
    if let place = markdown ?? path.map({ beside($0, "md") }) {
      try Files.makeDirectory(Files.parent(place))
      try Files.write(EvaluationText.markdown(file), to: place)
      written.append(place)
    }
    return written
  }

  private static func beside(_ path: String, _ ending: String) -> String {
    (path.hasSuffix(".json") ? String(path.dropLast(5)) : path) + ".\(ending)"
  }
}

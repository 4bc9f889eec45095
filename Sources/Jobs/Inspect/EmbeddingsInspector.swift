import Basics
import Foundation
import Shards
import Tensors

/// A file of embeddings, of `pipeline embed` or of a teacher: shapes and statistics.
enum EmbeddingsInspector: Inspector {
  static let kind = "embeddings"

  private static let endings = ["npy", "npz", "safetensors", "jsonl"]

  static func recognizes(_ path: String) -> Bool {
    guard !Files.isDirectory(path), let ending = Files.ending(Files.name(path)), endings.contains(ending) else {
      return false
    }
    return ending != "jsonl" || isEmbeddingLines(path)
  }

  static func inspect(_ path: String, _ context: InspectionContext) throws -> Inspection {
    var inspection = Inspection()
    var facts: [(key: String, value: String)] = []
    if let contents = try EmbeddingFormats.contents(path) {
      (inspection.entries, facts) = (contents.entries, contents.properties)
    }
    // For files without rows of embeddings, only the arrays are shown.
    if let statistics = try? Files.ending(Files.name(path)) == "jsonl" ? lines(path) : EmbeddingStatistics(path),
      let section = statistics.section
    {
      inspection.sections.append(section)
      inspection.warnings += statistics.warnings
      inspection.suggestUses(ofEmbeddings: path)
    } else {
      inspection.kind = "arrays"
    }
    try inspection.addFile(path, facts)
    return inspection
  }

  // MARK: Lines of JSON

  private struct Line: Decodable {
    var id: String
    var embedding: [Float]
  }

  private static func isEmbeddingLines(_ path: String) -> Bool {
    RecordInspector.firstLine(path).map { (try? JSONDecoder().decode(Line.self, from: Data($0))) != nil } ?? false
  }

  private static func lines(_ path: String) throws -> EmbeddingStatistics {
    var statistics = EmbeddingStatistics()
    for (number, bytes) in try Files.read(path).split(separator: 0x0A).enumerated() {
      let line: Line
      do { line = try JSONDecoder().decode(Line.self, from: Data(bytes)) } catch {
        throw Failure.damagedLine(path, number + 1)
      }
      guard !line.embedding.isEmpty else { continue }
      try statistics.add(Tensor(shape: [1, line.embedding.count], floats: line.embedding), key: line.id)
    }
    return statistics
  }
}

// One line per row: `{"embedding": […], "id": …}`, with `"time"` in seconds for windows.

import Basics

enum JSONLinesEmbeddings: WritableEmbeddings {
  static let name = "JSONL"
  static let extensions = ["jsonl"]

  static func write(_ embeddings: EmbeddingSet, to path: String) throws {
    let file = try OutputFile(path)
    for item in embeddings.items {
      let values = try embeddings.values(item.key)
      let id = try CanonicalJSON.text(item.key)
      for row in 0..<item.rows {
        let numbers = values[row * embeddings.width..<(row + 1) * embeddings.width].map { $0.description }
        let time = embeddings.times.map { ",\"time\":\($0(row))" } ?? ""
        try file.write("{\"embedding\":[\(numbers.joined(separator: ","))],\"id\":\(id)\(time)}\n")
      }
    }
    try file.commit()
  }
}

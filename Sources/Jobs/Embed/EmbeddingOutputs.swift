import Basics
import Foundation
import Shards
import Tensors

/// One table `[rows, width]`, and `<name>.keys.txt` beside it: a line a row, `<key>` or `<key>_<window>`.
enum NumpyOutput: EmbeddingOutput {
  static let ending = "npy"

  static func write(_ table: EmbeddingTable, to path: String) throws {
    let keys = try OutputFile(String(path.dropLast(ending.count)) + "keys.txt")
    let file = try OutputFile(path)
    try file.write(try NumpyFile.header(shape: [table.rows, table.width], type: .float32))
    for sound in table.sounds {
      let vectors = try table.vectors(sound.key)
      try vectors.withUnsafeBytes { try file.write(raw: $0) }
      for row in 0..<sound.rows {
        try keys.write(table.hop == nil ? "\(sound.key)\n" : "\(sound.key)_\(threeDigits(row))\n")
      }
    }
    try keys.commit()
    try file.commit()
  }
}

/// An array a sound, by its key.
enum NpzOutput: EmbeddingOutput {
  static let ending = "npz"

  static func write(_ table: EmbeddingTable, to path: String) throws {
    let file = try OutputFile(path)
    var writer = NpzWriter(file)
    for sound in table.sounds {
      try writer.add(sound.key, Tensor(shape: table.shape(sound), floats: try table.vectors(sound.key)))
    }
    try writer.finish()
    try file.commit()
  }
}

/// Windows: a tensor `[windows, width]` a sound. Whole sounds: one table `embeddings`, and `keys`, a JSON list, in the metadata.
enum SafetensorsOutput: EmbeddingOutput {
  static let ending = "safetensors"

  static func write(_ table: EmbeddingTable, to path: String) throws {
    var metadata = try table.metadata()
    let entries: [(name: String, type: ElementType, shape: [Int])]
    if table.hop == nil {
      metadata["keys"] = try CanonicalJSON.text(table.sounds.map(\.key))
      entries = [("embeddings", .float32, [table.rows, table.width])]
    } else {
      entries = table.sounds.map { ($0.key, .float32, table.shape($0)) }
    }
    let file = try OutputFile(path)
    try file.write(try SafetensorsFile.header(of: entries, metadata: metadata))
    for sound in table.sounds { try table.vectors(sound.key).withUnsafeBytes { try file.write(raw: $0) } }
    try file.commit()
  }
}

/// A WebDataset: `<key>.npy`, and `<key>.json` with the sound's length.
enum TarOutput: EmbeddingOutput {
  static let ending = "tar"

  private struct Record: Encodable {
    var id: String
    var seconds: Double
    var hop: Double?
  }

  static func write(_ table: EmbeddingTable, to path: String) throws {
    let tar = try EmbeddingTar(path)
    for sound in table.sounds {
      let record = Record(id: sound.key, seconds: sound.seconds, hop: table.hop)
      let tensor = Tensor(shape: table.shape(sound), floats: try table.vectors(sound.key))
      try tar.add(
        sound.key, record: try CanonicalJSON.bytes(record) + [0x0A], array: try NumpyFile.bytes(of: tensor))
    }
    try tar.finish()
  }
}

/// A line a vector: `{"id": …, "embedding": […]}`, with `"time"` in seconds for windows.
enum JSONLinesOutput: EmbeddingOutput {
  static let ending = "jsonl"

  static func write(_ table: EmbeddingTable, to path: String) throws {
    let file = try OutputFile(path)
    for sound in table.sounds {
      let vectors = try table.vectors(sound.key)
      let id = try CanonicalJSON.text(sound.key)
      for row in 0..<sound.rows {
        let numbers = vectors[row * table.width..<(row + 1) * table.width].map { $0.description }
        let time = table.hop == nil ? "" : ",\"time\":\(table.time(row))"
        try file.write("{\"embedding\":[\(numbers.joined(separator: ","))],\"id\":\(id)\(time)}\n")
      }
    }
    try file.commit()
  }
}

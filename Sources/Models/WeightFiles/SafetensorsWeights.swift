// `.safetensors`: tensors sorted by name in byte order, metadata in `__metadata__`.

import Basics
import Tensors

enum SafetensorsWeights: WeightFormat {
  static let name = "safetensors"
  static let extensions = ["safetensors"]

  static func write(_ weights: NamedTensors, metadata: [String: String], to path: String) throws {
    let file = try OutputFile(path)
    var metadata = metadata
    // transformers, accelerate and others load only files with a format that they know, so our format name has another
    // key.
    metadata[markKey] = metadata["format"]
    metadata["format"] = "pt"
    try SafetensorsFile.write(weights, metadata: metadata, to: file)
    try file.commit()
  }

  static func read(_ path: String) throws -> (weights: NamedTensors, metadata: [String: String]) {
    let file = try MappedFile(path)
    return try withExtendedLifetime(file) {
      let (weights, metadata) = try SafetensorsFile.read(file.bytes, source: path)
      return (weights, unmarked(metadata))
    }
  }

  static func places(_ file: MappedFile) throws -> (weights: [(String, TensorPlace)], metadata: [String: String])? {
    let header = try withExtendedLifetime(file) { try SafetensorsHeader(file.bytes, source: file.path) }
    return (
      header.entries.map { ($0.name, TensorPlace(type: $0.type, shape: $0.shape, range: $0.range)) },
      unmarked(header.metadata)
    )
  }

  private static let markKey = "pipeline.format"

  /// The metadata with our format name under `format`, as in the other formats.
  private static func unmarked(_ metadata: [String: String]) -> [String: String] {
    var metadata = metadata
    if metadata["format"] == "pt" { metadata["format"] = nil }
    if let mark = metadata.removeValue(forKey: markKey) { metadata["format"] = mark }
    return metadata
  }
}

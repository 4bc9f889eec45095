// `weights.bin` and `.pt`: PyTorch's zip checkpoint with only the tensors in its dictionary, so that `torch.load(path,
// weights_only=True)` returns a state dict. Metadata is a separate record in the zip.

import Basics
import Tensors

enum TorchWeights: WeightFormat {
  static let name = "PyTorch"
  static let extensions = ["bin", "pt"]

  /// The metadata record, `archive/pipeline.json` in the zip.
  private static let record = "pipeline.json"

  static func write(_ weights: NamedTensors, metadata: [String: String], to path: String) throws {
    let records = metadata.isEmpty ? [:] : [record: try CanonicalJSON.bytes(metadata)]
    let file = try OutputFile(path)
    try TorchZip.write(weights, records: records, to: file)
    try file.commit()
  }

  static func read(_ path: String) throws -> (weights: NamedTensors, metadata: [String: String]) {
    let file = try MappedFile(path)
    let (weights, records) = try withExtendedLifetime(file) { try TorchZip.read(file.bytes, source: path) }
    return (weights, try metadata(records, path))
  }

  static func places(_ file: MappedFile) throws -> (weights: [(String, TensorPlace)], metadata: [String: String])? {
    try withExtendedLifetime(file) {
      try TorchZip.places(file.bytes, source: file.path).map { ($0.tensors, try metadata($0.records, file.path)) }
    }
  }

  private static func metadata(_ records: [String: [UInt8]], _ path: String) throws -> [String: String] {
    try records[record].map {
      try CanonicalJSON.decode([String: String].self, from: $0, source: "\(path), \(record)")
    } ?? [:]
  }
}

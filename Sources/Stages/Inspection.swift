import Basics
import Shards
import Tensors
import WeightFiles

/// What is in a file, for `pipeline inspect`.
package struct Inspection {
  package struct Entry: Sendable {
    package var name: String
    package var kind: String
    package var shape: String
  }

  package private(set) var entries: [Entry] = []
  package private(set) var properties: [(key: String, value: String)] = []

  package init(_ path: String) throws {
    switch Files.name(path).split(separator: ".").last.map(String.init) {
    case "npy":
      let tensor = try NumpyFile.read(try Files.read(path), source: path)
      entries = [Self.entry(Files.name(path), tensor)]
    case "tar":
      let reader = try TrainingShardReader(path)
      for sample in reader.samples {
        for member in sample.members {
          entries.append(
            Entry(name: "\(sample.id).\(member.ending)", kind: "\(member.size) bytes", shape: "at \(member.offset)"))
        }
      }
      properties = [("samples", "\(reader.samples.count)")]
    default:
      let (weights, metadata) = try WeightFiles.read(path)
      entries = weights.pairs.map { Self.entry($0.name, $0.tensor) }
      let count = weights.pairs.reduce(0) { $0 + $1.tensor.elementCount }
      properties =
        [("tensors", "\(weights.count)"), ("elements", "\(count)")]
        + metadata.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
    properties.append(("sha256", try Digest.ofFile(path).hex))
  }

  private static func entry(_ name: String, _ tensor: Tensor) -> Entry {
    Entry(name: name, kind: "\(tensor.type)", shape: "[\(tensor.shape.map(String.init).joined(separator: ", "))]")
  }
}

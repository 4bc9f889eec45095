import Networks
import Basics
import Models
import Shards
import Tensors

/// What is in a file, for `pipeline inspect`.
package struct Inspection {
  package struct Entry: Sendable {
    package var name: String
    package var kind: String
    package var shape: String
  }

  /// Facts that belong together.
  package struct Section: Sendable {
    package var title: String
    package var properties: [(key: String, value: String)]
  }

  package private(set) var entries: [Entry] = []
  package private(set) var sections: [Section] = []

  package init(_ path: String) throws {
    var file: [(key: String, value: String)] = []
    switch Files.name(path).split(separator: ".").last.map({ $0.lowercased() }) {
    case "npy":
      let mapped = try MappedFile(path)
      let header = try NumpyHeader(mapped.bytes, source: path)
      entries = [Self.entry(Files.name(path), header)]
      let there = mapped.bytes.count - header.dataOffset
      if there < header.dataCount { file.append(("cut off", "\(there) of \(header.dataCount) bytes of elements")) }
      withExtendedLifetime(mapped) {}
    case "npz": entries = try Self.members(ofNpz: path)
    case "tar":
      let reader = try TrainingShardReader(path)
      for sample in reader.samples {
        for member in sample.members {
          entries.append(
            Entry(name: "\(sample.id).\(member.ending)", kind: "\(member.size) bytes", shape: "at \(member.offset)"))
        }
      }
      file = [("samples", "\(reader.samples.count)")]
    default:
      let (weights, metadata) = try WeightFiles.read(path)
      entries = weights.pairs.map { Self.entry($0.name, $0.tensor) }
      let count = weights.pairs.reduce(0) { $0 + $1.tensor.elementCount }
      file = [
        ("format", try WeightFiles.format(for: path).name), ("tensors", "\(weights.count)"), ("elements", "\(count)"),
      ]
      sections = Self.sections(metadata, isStudent: weights[Architecture.standard.parameters[0].name] != nil)
    }
    file += [("bytes", "\(try Files.identity(path).size)"), ("sha256", try Digest.ofFile(path).hex)]
    sections.insert(Section(title: "file", properties: file), at: 0)
  }

  /// Names of the front end's parameters, in the order of the computation.
  private static let frontEnd = ["sample_rate", "n_fft", "hop_length", "log_epsilon", "normalization"]
  /// Where weights come from.
  private static let provenance = [
    "run", "step", "data", "teacher", "loss", "recipe", "toolchain", "version", "source",
  ]

  private static func sections(_ metadata: [String: String], isStudent: Bool) -> [Section] {
    func section(_ title: String, _ keys: [String]) -> Section {
      Section(title: title, properties: keys.compactMap { key in metadata[key].map { (key, $0) } })
    }
    var sections = [section("front end", frontEnd), section("provenance", provenance)]
    if isStudent, sections[0].properties.isEmpty {
      sections[0].properties = [("not in the file", "the reference's, normalised over the clip")]
    }
    let others = metadata.keys.filter { !frontEnd.contains($0) && !provenance.contains($0) }.sorted()
    sections.append(section("metadata", others))
    return sections.filter { !$0.properties.isEmpty }
  }

  private static func members(ofNpz path: String) throws -> [Entry] {
    let mapped = try MappedFile(path)
    defer { withExtendedLifetime(mapped) {} }
    return try StoredZipReader(mapped.bytes, source: path).entries.map { member in
      guard member.name.hasSuffix(".npy"), member.method == 0 else {
        return Entry(name: member.name, kind: "\(member.size) bytes", shape: member.method == 0 ? "" : "compressed")
      }
      let bytes = UnsafeRawBufferPointer(rebasing: mapped.bytes[member.range])
      return entry(String(member.name.dropLast(4)), try NumpyHeader(bytes, source: "\(path), \(member.name)"))
    }
  }

  private static func entry(_ name: String, _ header: NumpyHeader) -> Entry {
    Entry(name: name, kind: header.type.rawValue, shape: text(header.shape))
  }

  private static func entry(_ name: String, _ tensor: Tensor) -> Entry {
    Entry(name: name, kind: tensor.type.rawValue, shape: text(tensor.shape))
  }

  private static func text(_ shape: [Int]) -> String { "[\(shape.map(String.init).joined(separator: ", "))]" }
}

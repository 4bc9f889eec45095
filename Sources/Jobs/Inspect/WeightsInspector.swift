import Basics
import Models
import Networks
import Shards
import Tensors

/// Weights of an audio encoder, in each format that `export` writes: tensors, inputs and outputs.
enum WeightsInspector: Inspector {
  static let kind = "weights of an audio encoder"

  private static let firstParameter = Architecture.standard.parameters[0].name
  /// The prefix of the names of an encoder's tensors.
  private static let prefix = String(firstParameter.prefix { $0 != "." }) + "."

  /// Accepts all weight formats, except safetensors files that hold something else.
  static func recognizes(_ path: String) -> Bool {
    guard !Files.isDirectory(path), (try? WeightFiles.format(for: path)) != nil else { return false }
    guard SafetensorsFacts.isNamedLikeOne(path) else { return true }
    return SafetensorsFacts(path)?.names.contains { $0.hasPrefix(prefix) } ?? false
  }

  static func inspect(_ path: String, _ context: InspectionContext) throws -> Inspection {
    let (weights, metadata) = try WeightFiles.read(path)
    let format = try WeightFiles.format(for: path).name
    var inspection = Inspection()
    inspection.entries = weights.pairs.map { .init($0.name, $0.tensor.type, $0.tensor.shape) }
    let count = weights.pairs.reduce(0) { $0 + $1.tensor.elementCount }
    let isEncoder = weights.pairs.contains { $0.name.hasPrefix(prefix) }
    inspection.sections = metadataSections(metadata, isEncoder: isEncoder)
    let model = isEncoder ? try? Model(weights, metadata: metadata, source: path) : nil
    if let model { inspection.sections.append(ports(model, isGraph: Files.ending(path) == "onnx")) }
    inspection.kind = isEncoder ? kind : "tensors"
    let nonfinite = try weights.pairs.filter { $0.tensor.type.isFloating }.filter { pair in
      try !pair.tensor.floats().allSatisfy(\.isFinite)
    }.map(\.name)
    if let first = nonfinite.first {
      inspection.warnings.append("\(nonfinite.count) tensors hold NaN or infinity, the first is \(first)")
    }
    if model != nil {
      inspection.suggest("embed", "AUDIO", "--weights", path, "--out", "embeddings.npy")
      inspection.suggest("evaluate", "retrieve", "--weights", path)
      inspection.suggest("convert", path, Files.ending(path) == "onnx" ? "weights.bin" : "weights.onnx")
    }
    try inspection.addFile(path, [("format", format), ("tensors", "\(weights.count)"), ("elements", "\(count)")])
    return inspection
  }

  /// Inputs and outputs.
  private static func ports(_ model: Model, isGraph: Bool) -> Inspection.Section {
    let audio = "float32 [batch, samples], one channel at 16 kHz in −1…1, 257 samples or more"
    if isGraph {
      return .init(
        "inputs and outputs",
        [
          ("input waveform", audio), ("output embedding", "float32 [batch, \(model.width)]"),
          ("output encoding", "float32 [batch, \(model.architecture.width)], before the projection"),
        ])
    }
    return .init(
      "inputs and outputs",
      [
        ("encoder", model.architecture.name), ("input", audio),
        ("output", "float32 [batch, \(model.width)]\(model.projection == nil ? "" : ", in the teacher's space")"),
        ("encoder's output", "float32 [batch, \(model.architecture.width)]"),
      ])
  }

  /// Names of the front end's parameters, in the order of computation.
  private static let frontEnd = ["sample_rate", "n_fft", "hop_length", "log_epsilon", "normalization"]
  /// Names of metadata that say where the weights come from.
  private static let provenance = [
    "run", "step", "data", "teacher", "loss", "recipe", "toolchain", "version", "source",
  ]

  private static func metadataSections(_ metadata: [String: String], isEncoder: Bool) -> [Inspection.Section] {
    func section(_ title: String, _ keys: [String]) -> Inspection.Section {
      .init(title, keys.compactMap { key in metadata[key].map { (key, $0) } })
    }
    var sections = [section("front end", frontEnd), section("provenance", provenance)]
    if isEncoder, sections[0].properties.isEmpty {
      sections[0].properties = [("not in the file", "the reference's, normalized over the clip")]
    }
    sections.append(
      section("metadata", metadata.keys.filter { !frontEnd.contains($0) && !provenance.contains($0) }.sorted()))
    return sections.filter { !$0.properties.isEmpty }
  }
}

/// The contents of a safetensors file's header.
struct SafetensorsFacts {
  let names: Set<String>
  let metadata: [String: String]

  static func isNamedLikeOne(_ path: String) -> Bool { Files.ending(Files.name(path)) == "safetensors" }

  /// Nil when the file is not safetensors.
  init?(_ path: String) {
    guard let file = try? MappedFile(path) else { return nil }
    defer { withExtendedLifetime(file) {} }
    guard let header = try? SafetensorsHeader(file.bytes, source: path) else { return nil }
    (names, metadata) = (Set(header.entries.map(\.name)), header.metadata)
  }
}

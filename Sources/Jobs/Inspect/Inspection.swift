import Networks
import Basics
import CLIP
import Kernels
import Models
import Shards
import Tensors

/// What is in a file, for `pipeline inspect`.
package struct Inspection {
  /// Facts that belong together.
  package struct Section: Sendable {
    package var title: String
    package var properties: [(key: String, value: String)]
  }

  package private(set) var entries: [FileContents.Entry] = []
  package private(set) var sections: [Section] = []

  package init(_ path: String, activation: GELUKind? = nil) throws {
    if try CLIPModel.isOne(path) {
      (entries, sections) = try Self.clip(path, activation)
      return
    }
    var file: [(key: String, value: String)] = []
    if let contents = try EmbeddingFormats.contents(path) {
      (entries, file) = (contents.entries, contents.properties)
    } else {
      let (weights, metadata) = try WeightFiles.read(path)
      entries = weights.pairs.map { .init($0.name, $0.tensor.type, $0.tensor.shape) }
      let count = weights.pairs.reduce(0) { $0 + $1.tensor.elementCount }
      file = [
        ("format", try WeightFiles.format(for: path).name), ("tensors", "\(weights.count)"), ("elements", "\(count)"),
      ]
      sections = Self.sections(metadata, isStudent: weights[Architecture.standard.parameters[0].name] != nil)
    }
    file += [("bytes", "\(try Files.identity(path).size)"), ("sha256", try Digest.ofFile(path).hex)]
    sections.insert(Section(title: "file", properties: file), at: 0)
  }

  /// A CLIP model: its tensors, its towers, and what goes with them.
  private static func clip(_ path: String, _ activation: GELUKind?) throws -> ([FileContents.Entry], [Section]) {
    let model = try CLIPModel(path, activation: activation)
    var sections = [
      Section(
        title: "CLIP model",
        properties: [
          ("architecture", model.name), ("vectors", "\(model.width) wide"), ("activation", model.gelu.rawValue),
          ("activation from", model.activationSource), ("weights", model.stored),
          ("tokenizer", model.text == nil ? "none needed" : (try? model.tokenizer().path) ?? "none beside the weights"),
          ("file", model.weightsPath), ("sha256", try Digest.ofFile(model.weightsPath).hex),
        ])
    ]
    for (title, tower) in [("image tower", model.vision?.facts), ("text tower", model.text?.facts)] {
      if let tower { sections.append(Section(title: title, properties: tower)) }
    }
    let entries = try EmbeddingFormats.contents(model.weightsPath)?.entries ?? []
    return (entries, sections)
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
}

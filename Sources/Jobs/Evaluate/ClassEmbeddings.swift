import Basics
import CLIP
import Evaluation
import Shards
import Tensors

/// One embedding for each class in the teacher's space: a text tower's output for a prompt.
package struct ClassEmbeddings: Sendable {
  package let labels: [String]
  /// `[labels, width]`.
  package let values: [Float]
  package let width: Int
  package let facts: EvaluationRecord.PromptFacts

  /// - Parameter path: safetensors with a tensor `embeddings`, and `names` (a JSON list) in the metadata; or npy with
  ///   the names beside it in `<stem>.json` (a JSON list) or `<stem>.txt` (one a line).
  /// - Throws: `text.…` with the reason.
  package init(_ path: String, width: Int) throws {
    let table = try EmbeddingFormats.table(path, called: ["vectors", "embeddings"])
    let (tensor, metadata) = (table.rows, table.metadata)
    guard let names = table.names else { throw Failure.classNames(path) }
    guard tensor.shape.count == 2, tensor.shape[1] == width else {
      throw Failure.classWidth(path, found: tensor.shape, expected: width)
    }
    guard names.count == tensor.shape[0] else {
      throw Failure.classCount(path, names: names.count, rows: tensor.shape[0])
    }
    var seen: Set<String> = []
    for name in names where !seen.insert(name).inserted { throw Failure.classTwice(path, name) }
    labels = names
    values = try tensor.floats()
    guard values.allSatisfy(\.isFinite) else { throw Failure.featureValues(path, "class embeddings") }
    self.width = width
    let hasher = DigestBuilder()
    for name in names { hasher.update(field: name) }
    values.withUnsafeBytes { hasher.update($0) }
    facts = .init(labels: names, prompt: metadata["prompt"], model: metadata["model"], embeddings: hasher.finish())
  }

  /// Made by a text tower: for each label, the mean of the unit embeddings of all templates.
  /// - Throws: `text.width` when the width of the model differs from that of the audio embeddings; `clip.…`.
  init(_ labels: [String], _ embedder: TextEmbedder, _ prompts: Prompts, model: String, path: String, width: Int) throws
  {
    guard embedder.width == width else {
      throw Failure.classWidth(path, found: [labels.count, embedder.width], expected: width)
    }
    let rows = try embedder.classEmbeddings(labels, prompts)
    (self.labels, self.width, values) = (labels, width, rows.flatMap(\.self))
    guard values.allSatisfy(\.isFinite) else { throw Failure.featureValues(path, "class embeddings") }
    let hasher = DigestBuilder()
    for name in labels { hasher.update(field: name) }
    values.withUnsafeBytes { hasher.update($0) }
    let aliases = labels.compactMap { label in prompts.aliases[label].map { "\(label)=\($0)" } }
    facts = .init(
      labels: labels, prompt: (prompts.templates + aliases).joined(separator: " | "), model: model,
      embeddings: hasher.finish())
  }

  /// The index of each label; nil for labels without an embedding.
  package func places(_ wanted: [String]) -> [Int?] {
    let known = Dictionary(uniqueKeysWithValues: labels.enumerated().map { ($1, $0) })
    return wanted.map { known[$0] }
  }
}

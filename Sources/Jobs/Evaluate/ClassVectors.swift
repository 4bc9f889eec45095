import Basics
import Evaluation
import Foundation
import Tensors

/// One vector for each class in the teacher's space: what a text tower gives for a prompt.
package struct ClassVectors: Sendable {
  package let labels: [String]
  /// `[labels, width]`.
  package let values: [Float]
  package let width: Int
  package let facts: EvaluationRecord.PromptFacts

  /// - Parameter path: safetensors with a tensor `vectors` and `names` (a JSON list) in the metadata; or npy with the names beside
  ///   it in `<stem>.json` (a JSON list) or `<stem>.txt` (a line each).
  /// - Throws: `text.…` with the reason.
  package init(_ path: String, width: Int) throws {
    let tensor: Tensor
    var (names, metadata): ([String]?, [String: String]) = (nil, [:])
    switch Files.name(path).split(separator: ".").last.map({ $0.lowercased() }) {
    case "safetensors":
      let (tensors, found) = try SafetensorsFile.read(try Files.read(path), source: path)
      metadata = found
      tensor =
        try tensors["vectors"] ?? tensors["embeddings"]
        ?? (tensors.count == 1 ? tensors.pairs[0].tensor : tensors.required("vectors", source: path))
      names = try (metadata["names"] ?? metadata["labels"]).map {
        try CanonicalJSON.decode([String].self, from: Array($0.utf8), source: "\(path), names")
      }
    case "npy":
      tensor = try NumpyFile.read(try Files.read(path), source: path)
      names = try Self.names(beside: path)
    default: throw Failure.classFormat(path)
    }
    guard let names else { throw Failure.classNames(path) }
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
    guard values.allSatisfy(\.isFinite) else { throw Failure.featureValues(path, "class vectors") }
    self.width = width
    let hasher = DigestBuilder()
    for name in names { hasher.update(field: name) }
    values.withUnsafeBytes { hasher.update($0) }
    facts = .init(labels: names, prompt: metadata["prompt"], model: metadata["model"], vectors: hasher.finish())
  }

  private static func names(beside path: String) throws -> [String]? {
    let stem = "\(Files.parent(path))/\(Files.name(path).dropLast(4))"
    for list in ["\(stem).json", "\(stem).names.json"] where Files.exists(list) {
      return try CanonicalJSON.decode([String].self, from: try Files.read(list, limit: 1 << 26), source: list)
    }
    guard Files.exists("\(stem).txt") else { return nil }
    let text = String(decoding: try Files.read("\(stem).txt", limit: 1 << 26), as: UTF8.self)
    return text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
  }

  /// The place of each label; nil for labels without a vector.
  package func places(_ wanted: [String]) -> [Int?] {
    let known = Dictionary(uniqueKeysWithValues: labels.enumerated().map { ($1, $0) })
    return wanted.map { known[$0] }
  }
}

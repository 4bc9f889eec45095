import Basics
import Foundation
import Glibc
import Kernels
import Networks
import Tensors

/// A CLIP model from files: one or both towers, whose weight matrices stay in the mapped file.
package struct CLIPModel: Sendable {
  /// The path that was given, for messages and records.
  package let path: String
  package let vision: VisionTransformer?
  package let text: TextTransformer?
  package let weights: FrozenWeights
  package let normalization: ImageNormalization
  /// The source of the activation: the configuration's path, or `--activation`.
  package let activationSource: String
  /// The type in which the file stores most weights, such as `float16`.
  package let stored: String
  let files: CLIPFiles

  /// Values of an embedding.
  package var width: Int { vision?.embedding ?? text?.embedding ?? 0 }
  /// The name in tables and records, such as `ViT-B/32`; with the width if its size has no letter.
  package var name: String {
    guard let vision else { return "CLIP text tower" }
    let size = [384: "S", 768: "B", 1024: "L", 1280: "H"][vision.shape.width] ?? "\(vision.shape.width)"
    return "ViT-\(size)/\(vision.patchSize)" + (vision.imageSize == 224 ? "" : "@\(vision.imageSize)")
  }
  package var gelu: GELUKind { vision?.shape.gelu ?? text?.shape.gelu ?? .exact }

  /// Reads a directory as published on a model hub, or one file of weights.
  /// - Parameter activation: required if there is no configuration next to the weights; else it must agree with it.
  /// - Throws: `clip.…` with the reason; the errors of reading the format.
  package init(_ path: String, activation: GELUKind? = nil) throws {
    self.path = path
    files = try CLIPFiles(path)
    let file = try MappedFile(files.weights)
    let reader = try CLIPTensors(file, files)
    let configuration = try CLIPConfiguration(files, reader.names)
    (vision, text) = try reader.towers(configuration, activation: activation)
    activationSource = configuration.path ?? "--activation"
    normalization = configuration.image
    stored = reader.stored
    weights = try reader.weights((vision?.parameters ?? []) + (text?.parameters ?? []), in: file)
  }

  /// - Throws: `clip.tower` if the file has no image tower.
  package func visionTower() throws -> VisionTransformer {
    guard let vision else { throw Failure.clipTower(path, "image", other: "text") }
    return vision
  }

  /// - Throws: `clip.tower` if the file has no text tower.
  package func textTower() throws -> TextTransformer {
    guard let text else { throw Failure.clipTower(path, "text", other: "image") }
    return text
  }

  /// The tokenizer at `path`, or the one next to the weights.
  /// - Throws: `clip.tokenizer` if there is none; `clip.tokenizer.size` if it has more tokens than the model.
  package func tokenizer(_ path: String? = nil) throws -> Tokenizer {
    let tower = try textTower()
    let tokenizer = try Tokenizer(TokenizerFiles(path ?? files.directory), context: tower.context)
    guard tokenizer.count <= tower.vocabulary else {
      throw Failure.clipVocabulary(tokenizer.path, tokens: tokenizer.count, rows: tower.vocabulary)
    }
    return tokenizer
  }

  /// The path of the weights file.
  package var weightsPath: String { files.weights }

  /// Everything besides weights and inputs that embeddings depend on, for records and fingerprints.
  package var identity: [String: String] {
    [
      "activation": [vision?.shape.gelu, text?.shape.gelu].compactMap { $0?.rawValue }.joined(separator: " "),
      "arithmetic": "1", "heads": "\(vision?.shape.heads ?? 0) \(text?.shape.heads ?? 0)",
      "mean": "\(normalization.mean)", "deviation": "\(normalization.deviation)",
      "pictures": "\(vision?.imageSize ?? 0) bicubic 1",
      "precision": "float32",
    ]
  }
}

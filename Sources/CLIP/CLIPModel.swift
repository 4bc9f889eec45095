import Basics
import Foundation
import Glibc
import Kernels
import Networks
import Tensors

/// A CLIP model as its files hold it: one or both towers, with their weights left in the mapped file.
package struct CLIPModel: Sendable {
  /// What was named, for sentences and records.
  package let path: String
  package let vision: VisionTransformer?
  package let text: TextTransformer?
  package let weights: FrozenWeights
  package let normalization: ImageNormalization
  /// Where the activation is known from: the configuration's path, or `--activation`.
  package let activationSource: String
  /// What the file's weights are stored as, such as `float16`.
  package let stored: String
  let files: CLIPFiles

  /// Values of an embedding.
  package var width: Int { vision?.embedding ?? text?.embedding ?? 0 }
  /// As in tables and records: `ViT-B/32`, or the width where no short name is known.
  package var name: String {
    guard let vision else { return "CLIP text tower" }
    let size = [384: "S", 768: "B", 1024: "L", 1280: "H"][vision.shape.width] ?? "\(vision.shape.width)"
    return "ViT-\(size)/\(vision.patchSize)" + (vision.imageSize == 224 ? "" : "@\(vision.imageSize)")
  }
  package var gelu: GELUKind { vision?.shape.gelu ?? text?.shape.gelu ?? .exact }

  /// Reads a directory as the hubs publish it, or one file of weights.
  /// - Parameter activation: needed where no configuration lies beside the weights, and must not differ from one.
  /// - Throws: `clip.…` with the reason; what reading the format throws.
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

  /// - Throws: `clip.tower` where the file has no image tower.
  package func visionTower() throws -> VisionTransformer {
    guard let vision else { throw Failure.clipTower(path, "image", other: "text") }
    return vision
  }

  /// - Throws: `clip.tower` where the file has no text tower.
  package func textTower() throws -> TextTransformer {
    guard let text else { throw Failure.clipTower(path, "text", other: "image") }
    return text
  }

  /// The tokenizer that lies beside the weights, or in a file that is named.
  /// - Throws: `clip.tokenizer` where there is none; `clip.tokenizer.size` for another model's.
  package func tokenizer(_ path: String? = nil) throws -> Tokenizer {
    let tower = try textTower()
    let tokenizer = try Tokenizer(TokenizerFiles(path ?? files.directory), context: tower.context)
    guard tokenizer.count <= tower.vocabulary else {
      throw Failure.clipVocabulary(tokenizer.path, tokens: tokenizer.count, rows: tower.vocabulary)
    }
    return tokenizer
  }

  /// The file of weights.
  package var weightsPath: String { files.weights }

  /// What embeddings depend on besides weights and inputs, for records and fingerprints.
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

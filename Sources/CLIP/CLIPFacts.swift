import Basics
import Networks
import Tensors

extension CLIPModel {
  /// Whether a directory or a file contains a CLIP model, judged only by the names of files and tensors.
  package static func isOne(_ path: String) throws -> Bool {
    guard Files.exists(path) else { return false }
    let isWeights = ["safetensors", "bin", "pt"].contains(Files.ending(Files.name(path)))
    guard Files.isDirectory(path) || isWeights else { return false }
    guard let files = try? CLIPFiles(path) else { return false }
    if files.weights != path, CLIPFiles.weightNames.contains(Files.name(files.weights)) { return true }
    guard let file = try? MappedFile(files.weights), let places = try? files.places(file) else { return false }
    return CLIPNames(places.keys) != nil
  }
}

extension VisionTransformer {
  /// The tower's sizes as readable text.
  package var facts: [(key: String, value: String)] {
    [("images", "\(imageSize) x \(imageSize), patches of \(patchSize), \(tokens) tokens")] + shape.facts
  }
}

extension TextTransformer {
  /// The tower's sizes as readable text.
  package var facts: [(key: String, value: String)] {
    [("texts", "\(context) tokens of \(vocabulary)")] + shape.facts
  }
}

extension TransformerShape {
  fileprivate var facts: [(key: String, value: String)] {
    [
      ("layers", "\(depth)"), ("width", "\(width)"), ("heads", "\(heads)"), ("hidden", "\(hidden)"),
      ("activation", gelu.rawValue),
    ]
  }
}

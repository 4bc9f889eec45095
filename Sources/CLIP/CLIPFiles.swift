import Basics
import Foundation
import Models
import Tensors

/// The files of a model: its weights and the files next to them.
struct CLIPFiles {
  /// The file names that model hubs use, in search order.
  static let weightNames = [
    "open_clip_model.safetensors", "model.safetensors", "open_clip_pytorch_model.bin", "pytorch_model.bin",
  ]

  let weights: String
  let directory: String

  /// - Parameter path: a directory as published on a model hub, or one file of weights.
  /// - Throws: `clip.weights` if there are no weights.
  init(_ path: String) throws {
    guard Files.isDirectory(path), Files.exists(path) else {
      guard Files.exists(path) else { throw Failure.clipNoWeights(path) }
      (weights, directory) = (path, Files.parent(path))
      return
    }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let single = names.filter { $0.hasSuffix(".safetensors") || $0.hasSuffix(".bin") || $0.hasSuffix(".pt") }
    guard
      let name = Self.weightNames.first(where: names.contains) ?? (single.count == 1 ? single[0] : nil)
    else { throw Failure.clipNoWeights(path) }
    (weights, directory) = ("\(path)/\(name)", path)
  }

  /// A small JSON file next to the weights; nil if there is none.
  func json(_ name: String) throws -> StrictJSON? {
    let path = "\(directory)/\(name)"
    guard Files.exists(path) else { return nil }
    return try StrictJSON.read(path, limit: 1 << 20)
  }

  /// Where each tensor is in the file.
  /// - Throws: the errors of reading the format; `clip.torchscript`; `clip.weights` for tensors that are not
  ///   contiguous.
  func places(_ file: MappedFile) throws -> [String: TensorPlace] {
    if file.bytes.starts(with: [0x50, 0x4B, 3, 4]), let zip = try? StoredZipReader(file.bytes, source: file.path),
      zip.entries.contains(where: { $0.name.contains("/code/") || $0.name.hasSuffix("/constants.pkl") })
    {
      throw Failure.clipScript(file.path)
    }
    guard let (places, _) = try WeightFiles.places(file) else { throw Failure.clipPieces(file.path) }
    return Dictionary(places) { first, _ in first }
  }
}

extension StrictJSON {
  /// Parses a file of at most `limit` bytes.
  static func read(_ path: String, limit: Int) throws -> StrictJSON {
    let bytes = try Files.read(path, limit: limit)
    do {
      return try bytes.withUnsafeBytes { try parse($0) }
    } catch let problem as Problem {
      throw Failure.clipJSON(path, problem.reason)
    }
  }

  subscript(key: String) -> StrictJSON? {
    guard case .object(let members) = self, let value = members[key], value != .null else { return nil }
    return value
  }

  var text: String? { if case .text(let text) = self { text } else { nil } }
  var truth: Bool? { if case .truth(let truth) = self { truth } else { nil } }
  var items: [StrictJSON]? { if case .array(let items) = self { items } else { nil } }
  var members: [String: StrictJSON] { if case .object(let members) = self { members } else { [:] } }
  var real: Double? { if case .number(let text) = self { Double(text) } else { nil } }
}

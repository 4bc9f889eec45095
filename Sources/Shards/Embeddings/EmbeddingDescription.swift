// Facts about teacher embeddings other than their values. clip-video-encode records none of them, so they come from an
// `embeddings.json` beside the files, from a file's own metadata, or from flags.

import Basics

package struct EmbeddingDescription: Sendable, Hashable {
  /// The width of a row.
  package var dimension: Int?
  /// Rows per second; row r is the frame on the screen at r / fps.
  package var fps: Double?
  package var model: String?
  /// Whether rows have length one.
  package var normalised: Bool?

  package init(dimension: Int? = nil, fps: Double? = nil, model: String? = nil, normalised: Bool? = nil) {
    (self.dimension, self.fps, self.model, self.normalised) = (dimension, fps, model, normalised)
  }

  /// Fills missing values from another description.
  package func completed(by other: EmbeddingDescription) -> EmbeddingDescription {
    EmbeddingDescription(
      dimension: dimension ?? other.dimension, fps: fps ?? other.fps, model: model ?? other.model,
      normalised: normalised ?? other.normalised)
  }

  package static let fileName = "embeddings.json"

  private struct Sidecar: Decodable {
    var dim: Int?
    var fps: Double?
    var model: String?
    var normalised: Bool?
    var normalized: Bool?
  }

  /// The content of `embeddings.json` in `directory`; empty if the file does not exist.
  /// - Throws: `json.invalid`, or `embeddings.json` for a width or rate that is not above 0.
  static func beside(_ directory: String) throws -> EmbeddingDescription {
    let path = "\(directory)/\(fileName)"
    guard Files.exists(path) else { return EmbeddingDescription() }
    let sidecar = try CanonicalJSON.decode(Sidecar.self, from: Files.read(path, limit: 1 << 20), source: path)
    if let fps = sidecar.fps, !(fps > 0) { throw Failure.embeddingsSidecar(path, "fps", "\(fps)") }
    if let dim = sidecar.dim, dim < 1 { throw Failure.embeddingsSidecar(path, "dim", "\(dim)") }
    return EmbeddingDescription(
      dimension: sidecar.dim, fps: sidecar.fps, model: sidecar.model,
      normalised: sidecar.normalised ?? sidecar.normalized)
  }

  /// Reads a file's text metadata; invalid values count as missing.
  static func metadata(_ metadata: [String: String]) -> EmbeddingDescription {
    EmbeddingDescription(
      dimension: metadata["dim"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil },
      fps: metadata["fps"].flatMap { Double($0) }.flatMap { $0 > 0 && $0.isFinite ? $0 : nil },
      model: metadata["model"],
      normalised: (metadata["normalised"] ?? metadata["normalized"]).flatMap { Bool($0.lowercased()) })
  }
}

import Basics
import Kernels
import Media
import Synchronization

/// A CLIP model as the teacher of many clips' frames: asked from several threads, each of which embeds alone.
package final class FrameTeacher: Sendable {
  package let model: CLIPModel
  /// Values of an embedding.
  package let width: Int
  private let idle = Mutex<[ImageEmbedder]>([])

  /// - Throws: `clip.…` with the reason.
  package init(_ path: String, activation: GELUKind?) throws {
    model = try CLIPModel(path, activation: activation)
    width = try model.visionTower().embedding
  }

  /// As shards, weights and embeddings name the teacher: architecture, activation, and the weights' digest, cut short.
  package func name(_ digest: Digest) -> String { "\(model.name) \(model.gelu.rawValue) \(digest.short)" }

  /// One row an image, not normalized. Equal images are embedded once.
  /// - Parameter files: JPEG, as decode workers write frames.
  /// - Throws: `clip.frame` for anything else.
  package func embed(_ files: [[UInt8]], source: String) throws -> [[Float]] {
    var (places, distinct) = ([[UInt8]: Int](), [[UInt8]]())
    let order = files.map { file -> Int in
      if let place = places[file] { return place }
      places[file] = distinct.count
      distinct.append(file)
      return distinct.count - 1
    }
    let images = try distinct.map { file in
      // Of all decoders only JPEG's shall see what came out of a worker or a cache.
      guard file.starts(with: [0xFF, 0xD8, 0xFF]) else { throw Failure.clipFrame(source) }
      return try Bitmap(decoding: file, source: source)
    }
    let embedder =
      try idle.withLock { $0.popLast() } ?? ImageEmbedder(model, backend: FastBackend(), threads: WorkerThreads(1))
    let rows = try embedder.embed(images)
    idle.withLock { $0.append(embedder) }
    return order.map { rows[$0] }
  }
}

import Basics
import Kernels
import Media
import Synchronization

/// A CLIP model as the teacher for many clips' frames. Several threads may call it; each call embeds on its own thread.
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

  /// The teacher's name in shards, weights and embeddings: architecture, activation, and the short form of the weights'
  /// digest.
  package func name(_ digest: Digest) -> String { "\(model.name) \(model.gelu.rawValue) \(digest.short)" }

  /// One embedding per image, not normalized. Equal images are embedded once.
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
      // Data from a worker or a cache must reach no other decoder than JPEG's.
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

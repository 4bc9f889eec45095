import Basics
import Kernels
import Media
import Networks

/// Pictures to vectors with a model's image tower: prepared as CLIP wants them, not normalized to length one.
///
/// A vector's bits depend on the picture and the weights alone: not on the CPU, on threads, or on other pictures.
/// One call at a time.
package final class PictureEmbedder: @unchecked Sendable {
  /// Values of a vector.
  package let width: Int
  private let tower: VisionTransformer
  private let table: [Float]
  private let network: InferenceNetwork

  /// - Throws: `clip.tower` for a model without an image tower.
  package init(_ model: CLIPModel, backend: any Backend, threads: WorkerThreads) throws {
    tower = try model.visionTower()
    (width, table) = (tower.embedding, model.normalization.table)
    network = InferenceNetwork(
      tower.layers, width: width, model.weights, backend: backend, threads: threads)
  }

  /// Pixels of each side of a picture, as the tower takes it.
  package var side: Int { tower.imageSize }

  /// `[pictures, width]` of pictures that are `squared` to `side`.
  package func embed(squared pictures: [Bitmap]) throws -> FloatBuffer {
    let table = table
    return try network.run(pictures.count, of: tower.input) { index, _, place in
      PictureInput.write(pictures[index], table, to: place)
    }
  }

  package func embed(_ pictures: [Bitmap]) throws -> [[Float]] {
    let rows = try embed(squared: pictures.map { $0.squared(side: side) })
    return pictures.indices.map { rows[$0 * width..<($0 + 1) * width] }
  }
}

/// A picture's numbers as the image tower takes them.
enum PictureInput {
  /// Its three planes, normalized.
  /// - Parameter table: `[3, 256]` by channel and value.
  static func write(_ picture: Bitmap, _ table: [Float], to place: MutableFloats) {
    let count = picture.width * picture.height
    picture.pixels.withUnsafeBufferPointer { pixels in
      table.withUnsafeBufferPointer { table in
        for c in 0..<3 { for i in 0..<count { place[c * count + i] = table[c * 256 + Int(pixels[3 * i + c])] } }
      }
    }
  }
}

import Basics
import Kernels
import Media
import Networks

/// Computes embeddings of images with a model's image tower. Images are preprocessed as CLIP requires; embeddings are
/// not normalized to length one.
///
/// An embedding's bits depend only on the image and the weights: not on the CPU, on threads, or on other images. Only
/// one call may run at a time.
package final class ImageEmbedder: @unchecked Sendable {
  /// Values of an embedding.
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

  /// The width and height of the tower's input image, in pixels.
  package var side: Int { tower.imageSize }

  /// `[images, width]` of images that are `squared` to `side`.
  package func embed(squared images: [Bitmap]) throws -> FloatBuffer {
    let table = table
    return try network.run(images.count, of: tower.input) { index, _, place in
      ImageInput.write(images[index], table, to: place)
    }
  }

  package func embed(_ images: [Bitmap]) throws -> [[Float]] {
    let rows = try embed(squared: images.map { $0.squared(side: side) })
    return images.indices.map { rows[$0 * width..<($0 + 1) * width] }
  }
}

/// Converts an image to the input of the image tower.
enum ImageInput {
  /// Writes the image's three color planes, normalized.
  /// - Parameter table: `[3, 256]` by channel and value.
  static func write(_ image: Bitmap, _ table: [Float], to place: MutableFloats) {
    let count = image.width * image.height
    image.pixels.withUnsafeBufferPointer { pixels in
      table.withUnsafeBufferPointer { table in
        for c in 0..<3 { for i in 0..<count { place[c * count + i] = table[c * 256 + Int(pixels[3 * i + c])] } }
      }
    }
  }
}

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

  /// A picture as the tower takes it: square, and of the model's size.
  package func prepared(_ picture: Bitmap) -> Bitmap { PictureInput.prepared(picture, side: tower.imageSize) }

  /// `[pictures, width]` of pictures that are `prepared`.
  package func embed(prepared pictures: [Bitmap]) throws -> FloatBuffer {
    let table = table
    return try network.run(pictures.count, of: tower.input) { index, _, place in
      PictureInput.write(pictures[index], table, to: place)
    }
  }

  package func embed(_ pictures: [Bitmap]) throws -> [[Float]] {
    let rows = try embed(prepared: pictures.map(prepared))
    return pictures.indices.map { rows[$0 * width..<($0 + 1) * width] }
  }
}

/// A picture as the image tower takes it.
package enum PictureInput {
  /// The shorter side made as long as the model's, then the middle: 8-bit colors, byte for byte as Pillow and open_clip
  /// make them.
  package static func prepared(_ picture: Bitmap, side: Int) -> Bitmap {
    let (short, long) = (min(picture.width, picture.height), max(picture.width, picture.height))
    // In whole numbers: side · long / short, cut off.
    let longer = side * long / short
    let size = picture.width <= picture.height ? (width: side, height: longer) : (width: longer, height: side)
    let resized = picture.resized(width: size.width, height: size.height)
    return resized.cropped(
      x: halved(size.width - side), y: halved(size.height - side), width: side, height: side
    ).withoutAlpha
  }

  /// Half of it, with halves to the even neighbor, as Python rounds.
  private static func halved(_ count: Int) -> Int { count % 4 == 3 ? count / 2 + 1 : count / 2 }

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

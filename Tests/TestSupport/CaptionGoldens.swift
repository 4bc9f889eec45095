import Basics
import Kernels
import Models
import Networks
import Tensors

/// Values of small caption decoders, computed by PyTorch (`Scripts/reference/make-caption-goldens`).
package struct CaptionGoldens: Sendable {
  private let arrays: NamedTensors
  package let words: [String]

  package init() throws {
    let path = Files.parent(Files.parent(#filePath)) + "/Fixtures/captions/decoder.safetensors"
    let (arrays, metadata) = try SafetensorsFile.read(try Files.read(path), source: path)
    self.arrays = arrays
    words = try CanonicalJSON.decode([String].self, from: Array((metadata["vocabulary"] ?? "").utf8), source: path)
  }

  package func floats(_ name: String) throws -> [Float] { try arrays.required(name, source: "goldens").floats() }
  package func numbers(_ name: String) throws -> [Int] { try floats(name).map { Int($0) } }
  package func shape(_ name: String) throws -> [Int] { try arrays.required(name, source: "goldens").shape }

  /// A decoder with the sizes in the script.
  package func decoder(_ inner: CaptionDecoder.Inner, learned: Bool, isTied: Bool) -> CaptionDecoder {
    var decoder = CaptionDecoder(inputs: 12, vocabulary: words.count)
    (decoder.width, decoder.heads, decoder.depth, decoder.hidden) = (32, 4, 2, 48)
    (decoder.inner, decoder.positions, decoder.isTied) = (inner, learned ? .learned : .sinusoidal, isTied)
    (decoder.mostTokens, decoder.mostFrames, decoder.dropout, decoder.frameDropout) = (7, 4, 0, 0)
    return decoder
  }

  package func fill(_ parameters: Parameters, _ golden: String) throws {
    for slot in parameters.layout.trainable {
      let values = try floats("\(golden)/\(slot.name)")
      guard values.count == slot.count else { throw Failure("golden", "another shape", on: slot.name) }
      (parameters.trainable.start + slot.offset).update(from: values, count: values.count)
    }
  }

  /// A batch's sentences: their ids, and the ids of the sentence that each is mixed with, or −1 if there is none.
  package struct Batch {
    /// One list per sentence.
    package var ids, second, targets: [[Int]]
    package var embeddings: [[Float]]
    package var share: [Float]
  }

  package func batch(_ golden: String) throws -> Batch {
    let (lengths, frames) = (try numbers("\(golden)/batch/lengths"), try numbers("\(golden)/batch/frames"))
    let shape = try shape("\(golden)/batch/vectors")
    func rows(_ name: String) throws -> [[Int]] {
      let (values, width) = (try numbers("\(golden)/batch/\(name)"), try self.shape("\(golden)/batch/\(name)")[1])
      return lengths.enumerated().map { Array(values[$0 * width..<$0 * width + $1]) }
    }
    let embeddings = try floats("\(golden)/batch/vectors")
    return Batch(
      ids: try rows("ids"), second: try rows("second"), targets: try rows("targets"),
      embeddings: frames.enumerated().map {
        Array(embeddings[$0 * shape[1] * shape[2]..<($0 * shape[1] + $1) * shape[2]])
      },
      share: try floats("\(golden)/batch/share"))
  }
}

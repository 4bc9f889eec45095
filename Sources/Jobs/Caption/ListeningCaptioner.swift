import Audio
import Basics
import Evaluation
import Kernels
import Models
import Wav2CLIP

/// A captioner with the encoder whose vectors it was trained on: sentences for sounds themselves, as `evaluate caption`
/// asks for them.
package final class ListeningCaptioner: Evaluation.Captioner {
  package let name: String
  private let model: CaptionModel
  private let embedder: AudioEmbedder
  private let options: BeamSearch.Options
  private let ops: any Ops
  private let threads: WorkerThreads

  /// - Throws: `captioner.…`; what reading weights throws; `caption.width` where the encoder's vectors have another
  ///   width.
  package init(
    captioner path: String, weights: String, options: BeamSearch.Options = .init(), threads count: Int
  ) throws {
    model = try CaptionModel(file: path)
    embedder = try AudioEmbedder(try Model(file: weights), options: .init(threads: count))
    guard embedder.width == model.decoder.inputs else {
      throw Failure.captionWidth(weights, found: embedder.width, expected: model.decoder.inputs)
    }
    name = "captioner \(try Digest.ofFile(path).short)"
    (self.options, ops, threads) = (options, FastBackend().ops, WorkerThreads(count))
  }

  /// Of a sound under a second, which has no window, the vector of the whole stands for its windows.
  package func captions(of sounds: [[Float]]) throws -> [String] {
    let cut = try WindowCut(hopSeconds: 1)
    let vectors = try sounds.map { sound -> [Float] in
      let windows = try embedder.embedWindows([sound], cut)[0]
      return try windows.isEmpty ? embedder.embedClips([sound])[0] : windows.flatMap { $0 }
    }
    return model.captions(vectors, options, ops: ops, threads: threads).map(\.text)
  }
}

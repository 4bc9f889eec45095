import Audio
import Basics
import Evaluation
import Kernels
import Models
import Wav2CLIP

/// A captioner together with the encoder whose embeddings it was trained on. It writes captions for audio, as `evaluate
/// caption` needs them.
package final class ListeningCaptioner: Evaluation.Captioner {
  package let name: String
  private let model: CaptionModel
  private let embedder: AudioEmbedder
  private let options: BeamSearch.Options
  private let ops: any Ops
  private let threads: WorkerThreads

  /// - Parameters:
  ///   - path: the captioner's file.
  ///   - encoder: makes the embeddings.
  /// - Throws: `captioner.…`; `caption.width` when the width of the encoder's embeddings differs.
  package init(
    captioner path: String, encoder: Model, options: BeamSearch.Options = .init(), threads count: Int
  ) throws {
    model = try CaptionModel(file: path)
    embedder = try AudioEmbedder(encoder, options: .init(threads: count))
    guard embedder.width == model.decoder.inputs else {
      throw Failure.captionWidth("the encoder", found: embedder.width, expected: model.decoder.inputs)
    }
    name = "captioner \(try Digest.ofFile(path).short)"
    (self.options, ops, threads) = (options, FastBackend().ops, WorkerThreads(count))
  }

  package func captions(of audioClips: [[Float]]) throws -> [String] {
    let windows = try embedder.embedWindows(audioClips, WindowCut(hopSeconds: 1), shortAsWhole: true)
    let embeddings = windows.map { $0.flatMap(\.self) }
    return model.captions(embeddings, options, ops: ops, threads: threads).map(\.text)
  }
}

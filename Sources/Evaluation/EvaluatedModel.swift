import Audio
import Basics
import Models
import Networks

/// The model that is evaluated.
package struct EvaluatedModel {
  package let model: Model
  package let normalization: NormalizationScope
  /// SHA-256 over the encoder and its projection, the same for a run and for models exported from it.
  package let digest: Digest
  /// The run's name, if known.
  package let run: String?
  /// The number of training steps after which the weights were saved, if known.
  package let step: Int?
  /// The directory of the run, if it exists.
  package let directory: String?
  package let teacher: String?

  /// - Parameter model: with all weights in memory.
  package init(
    _ model: Model, normalization: NormalizationScope, run: String?, step: Int? = nil, directory: String?,
    teacher: String?
  ) {
    (self.model, self.normalization) = (model, normalization)
    (self.run, self.step, self.directory, self.teacher) = (run, step, directory, teacher)
    let hasher = DigestBuilder()
    for buffer in [model.parameters.trainable, model.parameters.running] {
      hasher.update(UnsafeRawBufferPointer(start: buffer.start, count: buffer.count * 4))
    }
    digest = hasher.finish()
  }

  /// `run 0123456789ab, step 40, weights 0123456789ab`.
  package var name: String {
    [run.map { "run \($0)" }, step.map { "step \($0)" }, "weights \(digest.short)"].compactMap { $0 }
      .joined(separator: ", ")
  }

  /// The same network before any training.
  package func untrained(seed: UInt64) -> Model {
    let copy = Parameters(model.parameters.layout)
    copy.initialize(seed: seed)
    return Model(model.architecture, copy, projection: model.projection)
  }
}

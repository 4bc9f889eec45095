import Audio
import Basics
import Models
import Networks

/// The model that an evaluation looks at.
package struct EvaluatedModel {
  package let model: Model
  package let normalization: NormalizationScope
  /// SHA-256 over the encoder and its projection, the same for a run and what was exported from it.
  package let digest: Digest
  /// The run's name, where it is known.
  package let run: String?
  /// After how many steps of the run the weights were saved, where it is known.
  package let step: Int?
  /// Where the run lies, where it is there.
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

  /// The same network as it is before any training.
  package func untrained(seed: UInt64) -> Model {
    let copy = Parameters(model.parameters.layout)
    copy.initialize(seed: seed)
    return Model(model.architecture, copy, projection: model.projection)
  }
}

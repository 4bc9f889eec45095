import Basics
import Distillation
import Kernels
import Tensors

/// The student that an evaluation looks at.
package struct EvaluatedStudent {
  package let parameters: Parameters
  package let architecture: EncoderArchitecture
  package let normalization: NormalizationScope
  /// SHA-256 over the encoder and its projection, the same for a run and what was exported from it.
  package let digest: Digest
  /// The run's name, where it is known.
  package let run: String?
  /// Where the run lies, where it is there.
  package let folder: String?
  package let teacher: String?

  /// - Parameter source: where the weights come from, for messages.
  package init(
    _ weights: NamedTensors, source: String, normalization: NormalizationScope, run: String?, folder: String?,
    teacher: String?
  ) throws {
    architecture = EncoderArchitecture()
    parameters = try StudentWeights.student(weights, architecture, source: source)
    self.normalization = normalization
    self.run = run
    self.folder = folder
    self.teacher = teacher
    let hasher = DigestBuilder()
    for buffer in [parameters.trainable, parameters.running] {
      hasher.update(UnsafeRawBufferPointer(start: buffer.start, count: buffer.count * 4))
    }
    digest = hasher.finish()
  }

  /// The same network as it is before any training.
  package func untrained(seed: UInt64) -> Parameters {
    let copy = Parameters(parameters.layout)
    copy.initialise(seed: seed)
    return copy
  }
}

import Basics
import Kernels
import Networks

/// What a training makes smaller: the audio's embeddings are brought to targets, which are a teacher's embeddings or
/// labels.
package protocol Objective: Sendable {
  /// What is trained besides the encoder.
  /// - Parameters:
  ///   - encoder, target: widths of an embedding and of a target.
  func parameters(encoder: Int, target: Int) throws -> [ParameterSpec]
  func loss(_ context: LossContext) -> any TrainingLoss
  /// Rows that validation looks at together, where the loss depends on how many there are; nil: any number.
  var validationGroup: Int? { get }
}

/// A loss over one batch.
package protocol TrainingLoss: AnyObject {
  /// The loss of a batch. With `gradients` also the gradient of the embeddings, and in the context's buffer those of
  /// the loss's own weights.
  /// - Parameters:
  ///   - audio: `[rows, encoder's width]`.
  ///   - target: `[rows, target's width]`: of a teacher, the mean of the clip's rows.
  ///   - dropout: factors by the layer's name; nil in evaluation.
  /// - Returns: the gradient `[rows, encoder's width]`, in memory that the next call may use again.
  func evaluate(
    audio: FloatBuffer, target: FloatBuffer, rows: Int, dropout: DropoutFactors?, gradients: Bool
  ) throws -> (loss: Double, audio: FloatBuffer?)
}

/// What a loss works on.
package struct LossContext: Sendable {
  package let encoder: Int
  package let target: Int
  package let parameters: Parameters
  /// As long as `parameters.trainable`.
  package let gradients: FloatBuffer
  package let backend: any Backend
  package let threads: WorkerThreads

  package init(
    encoder: Int, target: Int, parameters: Parameters, gradients: FloatBuffer? = nil, backend: any Backend,
    threads: WorkerThreads
  ) {
    (self.encoder, self.target, self.parameters) = (encoder, target, parameters)
    self.gradients = gradients ?? FloatBuffer(parameters.layout.trainableCount)
    (self.backend, self.threads) = (backend, threads)
  }

  /// The factor's logarithm.
  func logitScale(_ name: String) -> Float { parameters.weights(name)[0] }

  func put(gradient value: Double, ofScale name: String) {
    gradients.start[parameters.layout.slot(name).offset] = Float(value)
  }
}

/// One of `builtInLosses`, by its name.
package struct DistillationObjective: Objective {
  private let type: any DistillationLoss.Type

  /// - Throws: `loss.unknown`.
  package init(_ name: String) throws { type = try Training.loss(named: name) }

  package func parameters(encoder: Int, target: Int) throws -> [ParameterSpec] {
    try type.projections(encoder: encoder, teacher: target).flatMap(\.parameters)
      + type.logitScales.map(ParameterSpec.logitScale)
  }

  package func loss(_ context: LossContext) -> any TrainingLoss { type.init(context) }

  /// Each clip is told from the group's others.
  package var validationGroup: Int? { Validation.group }
}

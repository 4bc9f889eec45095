import Basics
import Kernels
import Networks

/// The objective of a training: it compares audio embeddings with targets, which are teacher embeddings or labels.
package protocol Objective: Sendable {
  /// The parameters that are trained besides the encoder.
  /// - Parameters:
  ///   - encoder, target: the widths of an embedding and of a target.
  func parameters(encoder: Int, target: Int) throws -> [ParameterSpec]
  func loss(_ context: LossContext) -> any TrainingLoss
  /// The number of rows that validation evaluates together, if the loss depends on it; nil: any number.
  var validationGroup: Int? { get }
}

/// A loss over one batch.
package protocol TrainingLoss: AnyObject {
  /// The loss of a batch. With `gradients`, also returns the gradient of the embeddings and writes those of the loss's
  /// own weights to the context's buffer.
  /// - Parameters:
  ///   - audio: `[rows, encoder's width]`.
  ///   - target: `[rows, target's width]`; for a teacher, the means of the clips' rows.
  ///   - dropout: factors by the layer's name; nil in evaluation.
  /// - Returns: the loss, and the gradient `[rows, encoder's width]`, in memory that the next call may reuse.
  func evaluate(
    audio: FloatBuffer, target: FloatBuffer, rows: Int, dropout: DropoutFactors?, gradients: Bool
  ) throws -> (loss: Double, audio: FloatBuffer?)
}

/// The context in which a loss works: widths, weights and gradients.
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

  /// The logarithm of the factor.
  func logitScale(_ name: String) -> Float { parameters.weights(name)[0] }

  func put(gradient value: Double, ofScale name: String) {
    gradients.start[parameters.layout.slot(name).offset] = Float(value)
  }
}

/// The objective with one of `builtInLosses`.
package struct DistillationObjective: Objective {
  private let type: any DistillationLoss.Type

  /// - Throws: `loss.unknown`.
  package init(_ name: String) throws { type = try Training.loss(named: name) }

  package func parameters(encoder: Int, target: Int) throws -> [ParameterSpec] {
    try type.projections(encoder: encoder, teacher: target).flatMap(\.parameters)
      + type.logitScales.map(ParameterSpec.logitScale)
  }

  package func loss(_ context: LossContext) -> any TrainingLoss { type.init(context) }

  /// Each clip is compared with the others of its group.
  package var validationGroup: Int? { Validation.group }
}

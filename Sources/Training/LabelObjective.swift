import Kernels
import Networks

/// Training with labels only: one linear layer on the embedding, and a loss of its class scores. Targets are `[rows,
/// classes]`, 0 or 1.
package struct LabelObjective: Objective {
  private let kind: LabelLoss

  package init(_ kind: LabelLoss) { self.kind = kind }

  package static func head(encoder: Int, classes: Int) -> Linear {
    Linear("classifier", inputs: encoder, outputs: classes)
  }

  package func parameters(encoder: Int, target: Int) -> [ParameterSpec] {
    Self.head(encoder: encoder, classes: target).parameters
  }

  package func loss(_ context: LossContext) -> any TrainingLoss { ClassScoreLoss(kind, context) }

  package var validationGroup: Int? { nil }
}

private final class ClassScoreLoss: TrainingLoss {
  private let kind: LabelLoss
  private let classes: Int
  private let head: RowNetwork

  init(_ kind: LabelLoss, _ context: LossContext) {
    (self.kind, classes) = (kind, context.target)
    head = RowNetwork(
      [LabelObjective.head(encoder: context.encoder, classes: context.target)], inputs: context.encoder, context)
  }

  func evaluate(
    audio: FloatBuffer, target: FloatBuffer, rows: Int, dropout: DropoutFactors?, gradients: Bool
  ) throws -> (loss: Double, audio: FloatBuffer?) {
    let logits = try head.forward(audio, rows: rows)
    let slope = FloatBuffer(gradients ? rows * classes : 0)
    let loss = kind.evaluate(
      logits.start, targets: target.start, rows: rows, classes: classes, slope: gradients ? slope.start : nil)
    return (loss, gradients ? try head.backward(slope, rows: rows) : nil)
  }
}

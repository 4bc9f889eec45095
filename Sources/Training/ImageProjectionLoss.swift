import Kernels
import Networks

/// `clip-image`: audio against a projection of the image.
package final class ImageProjectionLoss: DistillationLoss {
  package static let name = "clip-image"
  package static let purpose = "Audio against a projection of the teacher's embedding into the encoder's space."
  package static let logitScales = [scale]
  private static let scale = "loss_fn.logit_scale"
  private let context: LossContext
  private let projection: RowNetwork

  package static func projections(encoder: Int, teacher: Int) -> [Projection] {
    [Projection(Projection.image, inputs: teacher, outputs: encoder)]
  }

  package init(_ context: LossContext) {
    self.context = context
    projection = RowNetwork(
      Self.projections(encoder: context.encoder, teacher: context.target)[0].layers, inputs: context.target, context)
  }

  package func evaluate(
    audio: FloatBuffer, target: FloatBuffer, rows: Int, dropout: DropoutFactors?, gradients: Bool
  ) throws -> (loss: Double, audio: FloatBuffer?) {
    let projected = try projection.forward(target, rows: rows, dropout: dropout)
    let result = ContrastiveLoss.evaluate(
      audio, projected, rows: rows, width: context.encoder, scale: context.logitScale(Self.scale), gradients: gradients)
    guard gradients else { return (result.loss, nil) }
    context.put(gradient: result.logitScale, ofScale: Self.scale)
    _ = try projection.backward(result.second, rows: rows)
    return (result.loss, result.first)
  }
}

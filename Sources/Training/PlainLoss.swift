import Basics
import Kernels
import Networks

/// `clip`: audio against image, without a projection. Encoder and teacher need the same width.
package final class PlainLoss: DistillationLoss {
  package static let name = "clip"
  package static let purpose = "Audio against the teacher's embedding, without any projection."
  package static let logitScales = [scale]
  private static let scale = "loss_fn.logit_scale"
  private let context: LossContext

  package static func projections(encoder: Int, teacher: Int) throws -> [Projection] {
    guard encoder == teacher else { throw Failure.lossWidth(name, encoder: encoder, teacher: teacher) }
    return []
  }

  package init(_ context: LossContext) { self.context = context }

  package func evaluate(
    audio: FloatBuffer, target: FloatBuffer, rows: Int, dropout: DropoutFactors?, gradients: Bool
  ) -> (loss: Double, audio: FloatBuffer?) {
    let result = ContrastiveLoss.evaluate(
      audio, target, rows: rows, width: context.encoder, scale: context.logitScale(Self.scale), gradients: gradients)
    guard gradients else { return (result.loss, nil) }
    context.put(gradient: result.logitScale, ofScale: Self.scale)
    return (result.loss, result.first)
  }
}

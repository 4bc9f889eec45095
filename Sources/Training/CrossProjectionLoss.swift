import Kernels
import Networks

/// `cx`: half of L(audio, f(image)) + L(g(audio), image), each with its own logit scale. Inference uses g to project
/// into the teacher's space.
package final class CrossProjectionLoss: DistillationLoss {
  package static let name = "cx"
  package static let purpose =
    "Both ways: audio against a projection of the image, and a projection of audio against the image."
  package static let logitScales = [imageScale, audioScale]
  private static let (imageScale, audioScale) = ("loss_fn_i.logit_scale", "loss_fn_a.logit_scale")
  private let context: LossContext
  private let audioProjection: RowNetwork
  private let imageProjection: RowNetwork

  package static func projections(encoder: Int, teacher: Int) -> [Projection] {
    [
      Projection(Projection.audio, inputs: encoder, outputs: teacher),
      Projection(Projection.image, inputs: teacher, outputs: encoder),
    ]
  }

  package init(_ context: LossContext) {
    self.context = context
    let projections = Self.projections(encoder: context.encoder, teacher: context.target)
    audioProjection = RowNetwork(projections[0].layers, inputs: context.encoder, context)
    imageProjection = RowNetwork(projections[1].layers, inputs: context.target, context)
  }

  package func evaluate(
    audio: FloatBuffer, target: FloatBuffer, rows: Int, dropout: DropoutFactors?, gradients: Bool
  ) throws -> (loss: Double, audio: FloatBuffer?) {
    let g = try audioProjection.forward(audio, rows: rows, dropout: dropout)
    let f = try imageProjection.forward(target, rows: rows, dropout: dropout)
    let inAudio = ContrastiveLoss.evaluate(
      audio, f, rows: rows, width: context.encoder, scale: context.logitScale(Self.audioScale), gradients: gradients)
    let inImage = ContrastiveLoss.evaluate(
      g, target, rows: rows, width: context.target, scale: context.logitScale(Self.imageScale), gradients: gradients)
    let loss = (inAudio.loss + inImage.loss) / 2
    guard gradients else { return (loss, nil) }
    context.put(gradient: inAudio.logitScale / 2, ofScale: Self.audioScale)
    context.put(gradient: inImage.logitScale / 2, ofScale: Self.imageScale)
    for buffer in [inAudio.first, inAudio.second, inImage.first] {
      for i in 0..<buffer.count { buffer.start[i] *= 0.5 }
    }
    _ = try imageProjection.backward(inAudio.second, rows: rows)
    let through = try audioProjection.backward(inImage.first, rows: rows)
    for i in 0..<rows * context.encoder { through.start[i] += inAudio.first.start[i] }
    return (loss, through)
  }
}

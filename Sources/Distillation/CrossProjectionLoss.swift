import Kernels

/// `cx`: half of L(audio, f(image)) + L(g(audio), image), each with a temperature of its own. g is what inference uses to land
/// in the teacher's space.
package final class CrossProjectionLoss: DistillationLoss {
  package static let name = "cx"
  package static let projections = ["audio_transform", "image_transform"]
  package static let temperatures = ["loss_fn_i.logit_scale", "loss_fn_a.logit_scale"]
  private let width: Int
  private let audioProjection: ProjectionMLP
  private let imageProjection: ProjectionMLP

  package init(width: Int) {
    self.width = width
    audioProjection = ProjectionMLP("audio_transform", width: width)
    imageProjection = ProjectionMLP("image_transform", width: width)
  }

  package func evaluate(
    audio: FloatBuffer, image: FloatBuffer, rows: Int, _ parameters: Parameters, keep: ((String) -> [Float])?,
    gradients: FloatBuffer?
  ) -> (loss: Double, audio: FloatBuffer?) {
    let g = audioProjection.forward(audio, rows: rows, keep: keep?("audio_transform"), parameters)
    let f = imageProjection.forward(image, rows: rows, keep: keep?("image_transform"), parameters)
    let wanted = gradients != nil
    let inAudio = ContrastiveLoss.evaluate(
      audio, f, rows: rows, width: width, scale: parameters.weights("loss_fn_a.logit_scale")[0], gradients: wanted)
    let inImage = ContrastiveLoss.evaluate(
      g, image, rows: rows, width: width, scale: parameters.weights("loss_fn_i.logit_scale")[0], gradients: wanted)
    let loss = (inAudio.loss + inImage.loss) / 2
    guard let gradients else { return (loss, nil) }
    let layout = parameters.layout
    gradients.start[layout.slot("loss_fn_a.logit_scale").offset] = Float(inAudio.temperature / 2)
    gradients.start[layout.slot("loss_fn_i.logit_scale").offset] = Float(inImage.temperature / 2)
    for buffer in [inAudio.first, inAudio.second, inImage.first] {
      for i in 0..<rows * width { buffer.start[i] *= 0.5 }
    }
    _ = imageProjection.backward(inAudio.second, rows: rows, parameters, into: gradients)
    let through = audioProjection.backward(inImage.first, rows: rows, parameters, into: gradients)
    for i in 0..<rows * width { through.start[i] += inAudio.first.start[i] }
    return (loss, through)
  }
}

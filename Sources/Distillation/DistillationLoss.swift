import Basics
import Kernels

/// How audio embeddings are pulled to the teacher's vectors. `prepare` says which projections and temperatures a loss trains.
package protocol DistillationLoss: AnyObject, SendableMetatype {
  static var name: String { get }
  static var projections: [String] { get }
  static var temperatures: [String] { get }
  init(width: Int)
  /// The loss of a batch; with `gradients`, also the gradient of the audio embeddings, and those of the loss's own weights in `gradients`.
  /// - Parameters:
  ///   - audio, image: `[rows, width]`; `image` is the mean of the clip's teacher rows.
  ///   - keep: dropout factors for a projection by name; nil in evaluation.
  func evaluate(
    audio: FloatBuffer, image: FloatBuffer, rows: Int, _ parameters: Parameters, keep: ((String) -> [Float])?,
    gradients: FloatBuffer?
  ) -> (loss: Double, audio: FloatBuffer?)
}

/// Every loss there is. A new one is one file and one line.
package let BuiltInLosses: [any DistillationLoss.Type] = [
  CrossProjectionLoss.self, PlainLoss.self, ImageProjectionLoss.self,
]

extension DistillationLoss {
  package static func layout(_ architecture: EncoderArchitecture) -> ParameterLayout {
    ParameterLayout(architecture: architecture, projections: projections, temperatures: temperatures)
  }
}

/// The loss of that name.
package func loss(named name: String) throws -> any DistillationLoss.Type {
  if let found = BuiltInLosses.first(where: { $0.name == name }) { return found }
  throw Failure(
    "loss.unknown", "no such loss", on: name, expected: BuiltInLosses.map { $0.name }.joined(separator: ", "),
    hint: nearest(name, in: BuiltInLosses.map { $0.name }).map { "did you mean \($0)?" }, exit: .usage)
}

/// `clip`: audio against image, nothing between.
package final class PlainLoss: DistillationLoss {
  package static let name = "clip"
  package static let projections: [String] = []
  package static let temperatures = ["loss_fn.logit_scale"]
  private let width: Int

  package init(width: Int) { self.width = width }

  package func evaluate(
    audio: FloatBuffer, image: FloatBuffer, rows: Int, _ parameters: Parameters, keep: ((String) -> [Float])?,
    gradients: FloatBuffer?
  ) -> (loss: Double, audio: FloatBuffer?) {
    let name = "loss_fn.logit_scale"
    let result = ContrastiveLoss.evaluate(
      audio, image, rows: rows, width: width, scale: parameters.weights(name)[0], gradients: gradients != nil)
    guard let gradients else { return (result.loss, nil) }
    gradients.start[parameters.layout.slot(name).offset] = Float(result.temperature)
    return (result.loss, result.first)
  }
}

/// `clip-image`: audio against a projection of the image.
package final class ImageProjectionLoss: DistillationLoss {
  package static let name = "clip-image"
  package static let projections = ["image_transform"]
  package static let temperatures = ["loss_fn.logit_scale"]
  private let width: Int
  private let projection: ProjectionMLP

  package init(width: Int) {
    self.width = width
    projection = ProjectionMLP("image_transform", width: width)
  }

  package func evaluate(
    audio: FloatBuffer, image: FloatBuffer, rows: Int, _ parameters: Parameters, keep: ((String) -> [Float])?,
    gradients: FloatBuffer?
  ) -> (loss: Double, audio: FloatBuffer?) {
    let name = "loss_fn.logit_scale"
    let projected = projection.forward(image, rows: rows, keep: keep?("image_transform"), parameters)
    let result = ContrastiveLoss.evaluate(
      audio, projected, rows: rows, width: width, scale: parameters.weights(name)[0], gradients: gradients != nil)
    guard let gradients else { return (result.loss, nil) }
    gradients.start[parameters.layout.slot(name).offset] = Float(result.temperature)
    _ = projection.backward(result.second, rows: rows, parameters, into: gradients)
    return (result.loss, result.first)
  }
}

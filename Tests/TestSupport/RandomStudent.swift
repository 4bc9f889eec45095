import Audio
import Models
import Networks

/// Random weights in a file, so that nothing from outside is needed.
package enum RandomStudent {
  /// - Parameter described: whether the file says what its front end is.
  package static func write(to path: String, described: Bool = true) throws {
    let model = self.model(seed: 3)
    try WeightFiles.write(
      try StateDictionary.tensors(model.parameters, steps: 1),
      metadata: described ? FrontEnd.description(.clip) : [:], to: path)
  }

  /// An encoder with a projection to a teacher of some width, as it is before training.
  package static func model(_ architecture: Architecture = .standard, teacher: Int = 512, seed: UInt64) -> Model {
    let projection = Projection(Projection.audio, inputs: architecture.width, outputs: teacher)
    let parameters = Parameters(architecture.parameters + projection.parameters)
    parameters.initialize(seed: seed)
    return Model(architecture, parameters, projection: projection)
  }
}

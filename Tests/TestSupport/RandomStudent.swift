import Audio
import Models
import Networks

/// Random weights in a file, so that tests need no external files.
package enum RandomStudent {
  /// - Parameter described: whether the file describes its front end.
  package static func write(to path: String, described: Bool = true) throws {
    let model = self.model(seed: 3)
    try WeightFiles.write(
      try StateDictionary.tensors(model.parameters, steps: 1),
      metadata: described ? FrontEnd.description(.clip) : [:], to: path)
  }

  /// An untrained encoder with a projection to a teacher of the given width.
  package static func model(_ architecture: Architecture = .standard, teacher: Int = 512, seed: UInt64) -> Model {
    let projection = Projection(Projection.audio, inputs: architecture.width, outputs: teacher)
    let parameters = Parameters(architecture.parameters + projection.parameters)
    parameters.initialize(seed: seed)
    return Model(architecture, parameters, projection: projection)
  }
}

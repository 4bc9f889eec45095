import Audio
import Distillation
import WeightFiles

/// Random weights in a file, so that nothing from outside is needed.
package enum RandomStudent {
  /// - Parameter described: whether the file says what its front end is.
  package static func write(to path: String, described: Bool = true) throws {
    let architecture = EncoderArchitecture()
    let layout = ParameterLayout(architecture: architecture, projections: ["audio_transform"], temperatures: [])
    let parameters = Parameters(layout)
    parameters.initialise(seed: 3)
    try WeightFiles.write(
      try StudentWeights.export(parameters, architecture, steps: 1),
      metadata: described ? FrontEnd.description(.clip) : [:], to: path)
  }
}

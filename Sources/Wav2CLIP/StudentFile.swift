import Basics
import Distillation
import Tensors
import WeightFiles

/// A student read from a weights file.
package enum StudentFile {
  /// - Throws: what reading the format throws; `tensor.missing` or `weights.shape` for a file that holds no student.
  package static func read(_ path: String) throws -> (Parameters, metadata: [String: String]) {
    let (weights, metadata) = try WeightFiles.read(path)
    let projections = weights["audio_transform.sequential.0.weight"] == nil ? [] : ["audio_transform"]
    let layout = ParameterLayout(architecture: EncoderArchitecture(), projections: projections, temperatures: [])
    let parameters = Parameters(layout)
    try StudentWeights.load(weights, into: parameters, source: path)
    return (parameters, metadata)
  }
}

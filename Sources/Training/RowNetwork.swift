import Kernels
import Networks

/// The layers between embeddings and a loss. Each pass takes all rows of a batch at once on the calling thread:
/// compared with the encoder, two products of 512×512 cost almost nothing.
package final class RowNetwork {
  private let layers: [any LayerDescription]
  private let inputs: Int
  private let context: LossContext
  /// The networks by number of rows.
  private var networks: [Int: Network] = [:]

  package init(_ layers: [any LayerDescription], inputs: Int, _ context: LossContext) {
    (self.layers, self.inputs, self.context) = (layers, inputs, context)
  }

  private func network(_ rows: Int) throws -> Network {
    if let known = networks[rows] { return known }
    let made = try Network(
      layers, input: .row(images: rows, width: inputs), parameters: context.parameters, gradients: context.gradients,
      backend: context.backend, threads: context.threads)
    networks[rows] = made
    return made
  }

  /// - Parameter x: `[rows, inputs]`.
  /// - Returns: `[rows, outputs]`, in memory that the next call with the same number of rows reuses.
  package func forward(_ x: FloatBuffer, rows: Int, dropout: DropoutFactors? = nil) throws -> FloatBuffer {
    let network = try network(rows)
    network.input.values.start.update(from: x.start, count: rows * inputs)
    try network.forward(dropout: dropout)
    return network.output.values
  }

  /// Writes the weights' gradients to the context's buffer and returns the input's gradient, `[rows, inputs]`. Call it
  /// after `forward` with the same number of rows.
  /// - Parameter gradient: the output's gradient, `[rows, outputs]`.
  package func backward(_ gradient: FloatBuffer, rows: Int) throws -> FloatBuffer {
    let network = try network(rows)
    network.output.values.start.update(from: gradient.start, count: network.output.extent.count)
    try network.backward()
    return network.input.values
  }
}

import Basics
import Tensors

/// The run whose weights another one started from.
package struct RunParent: Codable, Sendable, Equatable {
  package var name: String
  package var step: Int
  /// Of all its weights; part of the identity of the run that starts from them.
  package var weights: Digest

  package init(name: String, step: Int, weights: Digest) {
    (self.name, self.step, self.weights) = (name, step, weights)
  }

  /// Of a run's checkpoint.
  package init(_ trained: TrainedModel) throws {
    self.init(name: trained.run.name, step: trained.state.step, weights: Self.digest(try trained.weights()))
  }

  private static func digest(_ weights: NamedTensors) -> Digest {
    let hasher = DigestBuilder()
    for (name, tensor) in weights.pairs {
      hasher.update(field: name)
      hasher.update(field: "\(tensor.type) \(tensor.shape)")
      hasher.update(tensor.bytes)
    }
    return hasher.finish()
  }

  /// For people, `run 0123456789ab, step 40`. The digest is not that of an evaluation, which knows the encoder alone.
  package var text: String { "run \(name), step \(step)" }
  /// What `distill --init` takes to start from the same weights.
  package var reference: String { "\(name):\(step)" }
}

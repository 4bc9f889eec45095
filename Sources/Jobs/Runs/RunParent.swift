import Basics
import Tensors

/// The run whose weights another one started from.
package struct RunParent: Codable, Sendable, Equatable {
  package var name: String
  package var step: Int
  /// Digest of all its weights; part of the identity of the run that starts from them.
  package var weights: Digest

  package init(name: String, step: Int, weights: Digest) {
    (self.name, self.step, self.weights) = (name, step, weights)
  }

  /// The parent for a run's checkpoint.
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

  /// For people: `run 0123456789ab, step 40`. It omits the digest, which differs from that in an evaluation: there only
  /// the encoder is hashed.
  package var text: String { "run \(name), step \(step)" }
  /// The value of `distill --init` that starts from the same weights.
  package var reference: String { "\(name):\(step)" }
}

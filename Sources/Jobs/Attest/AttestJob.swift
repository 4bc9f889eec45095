import Attestation
import Basics
import Runs

/// Signs a weights file that was just exported: a statement of what it is and where it comes from.
package struct AttestJob: Sendable {
  package let weights: String
  /// The private key's PEM.
  package let key: String
  package let shards: String

  package init(_ weights: String, key: String, shards: String) {
    (self.weights, self.key, self.shards) = (weights, key, shards)
  }

  /// Before anything is written: whether the key can sign and the shards are the run's.
  package func check(_ trained: TrainedModel, _ output: Provenance.Output) throws -> Provenance {
    _ = try SigningKey(private: key)
    return try Provenance(trained, output: output, shards: shards)
  }

  /// - Returns: the file with the signature.
  package func run(_ provenance: Provenance) throws -> String {
    let statement = ModelStatement(
      name: Files.name(weights), digest: try Digest.ofFile(weights), provenance: provenance)
    let path = VerifyWeightsJob.signature(of: weights)
    try SignatureBundle(try statement.payload, by: SigningKey(private: key)).write(to: path)
    return path
  }
}

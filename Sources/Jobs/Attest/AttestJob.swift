import Attestation
import Basics
import Runs

/// Signs a weights file that was just exported, with a statement of what it is and where it comes from.
package struct AttestJob: Sendable {
  package let weights: String
  /// The file of the private key, PEM.
  package let key: String
  package let shards: String

  package init(_ weights: String, key: String, shards: String) {
    (self.weights, self.key, self.shards) = (weights, key, shards)
  }

  /// Checks, before anything is written, that the key can sign and that the shards are the run's.
  package func check(_ trained: TrainedModel, _ output: Provenance.Output) throws -> Provenance {
    _ = try SigningKey(private: key)
    return try Provenance(trained, output: output, shards: shards)
  }

  /// - Returns: the path of the signature file.
  package func run(_ provenance: Provenance) throws -> String {
    let statement = ModelStatement(
      name: Files.name(weights), digest: try Digest.ofFile(weights), provenance: provenance)
    let path = VerifyWeightsJob.signature(of: weights)
    try SignatureBundle(try statement.payload, by: SigningKey(private: key)).write(to: path)
    return path
  }
}

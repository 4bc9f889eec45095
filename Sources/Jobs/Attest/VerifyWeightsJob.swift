import Attestation
import Basics
import Runs

/// Whether a weights file is the one that a key's owner has signed.
package struct VerifyWeightsJob: Sendable {
  package struct Outcome: Sendable {
    /// As it was signed.
    package var name: String
    package var digest: Digest
    /// Nil for what another program signed.
    package var provenance: Provenance?
    /// Of the statement.
    package var statement: Digest
  }

  package let weights: String
  /// The public key's PEM.
  package let key: String
  package let signature: String

  /// Where the signature of a file lies unless it is named.
  package static func signature(of weights: String) -> String { "\(weights).sig" }

  /// - Parameter signature: the bundle; nil: the file's name with `.sig` behind it.
  package init(_ weights: String, key: String, signature: String? = nil) {
    (self.weights, self.key) = (weights, key)
    self.signature = signature ?? Self.signature(of: weights)
  }

  /// - Throws: `signature.key`, `signature.wrong`, `weights.changed`, and what reading the bundle throws.
  package func run() throws -> Outcome {
    let key = try SigningKey(public: key)
    let payload = try SignatureBundle(file: signature).payload(checkedBy: key, source: signature)
    let statement = try ModelStatement<Provenance>(payload, source: signature)
    let found = try Digest.ofFile(weights)
    guard found == statement.digest else {
      throw Failure.weightsChanged(weights, found: found, expected: statement.digest)
    }
    return Outcome(
      name: statement.name, digest: found, provenance: statement.provenance, statement: Digest(of: payload))
  }
}

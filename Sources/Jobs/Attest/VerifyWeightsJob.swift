import Attestation
import Basics
import Runs

/// Checks whether a weights file is the one that a key's owner has signed.
package struct VerifyWeightsJob: Sendable {
  package struct Outcome: Sendable {
    /// The name that was signed.
    package var name: String
    package var digest: Digest
    /// Nil for a statement of another program.
    package var provenance: Provenance?
    /// Digest of the statement.
    package var statement: Digest
  }

  package let weights: String
  /// The file of the public key, PEM.
  package let key: String
  package let signature: String

  /// The default path of a file's signature.
  package static func signature(of weights: String) -> String { "\(weights).sig" }

  /// - Parameter signature: the signature bundle; nil takes the file's name with `.sig` appended.
  package init(_ weights: String, key: String, signature: String? = nil) {
    (self.weights, self.key) = (weights, key)
    self.signature = signature ?? Self.signature(of: weights)
  }

  /// - Throws: `signature.key`, `signature.wrong`, `weights.changed`, and errors of reading the bundle.
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

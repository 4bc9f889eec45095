import Basics
import Foundation

/// A statement and its signature in one JSON file: a Sigstore bundle (v0.3) around a DSSE envelope, signed with a plain
/// key, as OpenSSF Model Signing reads and writes it.
package struct SignatureBundle: Codable {
  private static let mediaType = "application/vnd.dev.sigstore.bundle.v0.3+json"
  private static let payloadType = "application/vnd.in-toto+json"
  private static let mostBytes = 1 << 28

  private struct Material: Codable {
    struct Key: Codable { var hint: String }
    var publicKey: Key
    var tlogEntries: [String] = []

    init(hint: String) { publicKey = Key(hint: hint) }

    private enum CodingKeys: String, CodingKey { case publicKey, tlogEntries }

    /// Entries of a public log are ignored: only the given key counts.
    init(from decoder: any Decoder) throws {
      publicKey = try decoder.container(keyedBy: CodingKeys.self).decode(Key.self, forKey: .publicKey)
    }
  }

  private struct Envelope: Codable {
    struct Signature: Codable {
      var sig: Data
      var keyid: String?
    }
    var payload: Data
    var payloadType: String
    var signatures: [Signature]
  }

  private var mediaType: String
  private var verificationMaterial: Material
  private var dsseEnvelope: Envelope

  /// Signs the bytes of a statement.
  package init(_ payload: [UInt8], by key: SigningKey) throws {
    mediaType = Self.mediaType
    verificationMaterial = Material(hint: key.hint)
    let signature = try key.sign(Self.signed(payload))
    dsseEnvelope = Envelope(
      payload: Data(payload), payloadType: Self.payloadType,
      signatures: [.init(sig: Data(signature), keyid: "")])
  }

  /// - Throws: `bundle.invalid` if the file is not such a bundle.
  package init(file path: String) throws {
    let bytes = try Files.read(path, limit: Self.mostBytes)
    if let problem = StrictJSON.problem(of: bytes) {
      throw Failure.bundleInvalid(path, found: problem, "JSON without a key twice")
    }
    self = try CanonicalJSON.decode(Self.self, from: bytes, source: path)
    guard mediaType == Self.mediaType else { throw Failure.bundleInvalid(path, found: mediaType, Self.mediaType) }
    guard dsseEnvelope.payloadType == Self.payloadType else {
      throw Failure.bundleInvalid(path, found: dsseEnvelope.payloadType, Self.payloadType)
    }
    guard dsseEnvelope.signatures.count == 1 else {
      throw Failure.bundleInvalid(path, found: "\(dsseEnvelope.signatures.count) signatures", "one")
    }
  }

  package func write(to path: String) throws { try Files.write(CanonicalJSON.bytes(self), to: path) }

  /// The statement's bytes, after the signature was verified with the key.
  /// - Throws: `signature.key` for a signature by another key, `signature.wrong` for a signature that does not match
  ///   these bytes.
  package func payload(checkedBy key: SigningKey, source: String) throws -> [UInt8] {
    let (hint, payload) = (verificationMaterial.publicKey.hint, [UInt8](dsseEnvelope.payload))
    guard hint.isEmpty || hint == key.hint else { throw Failure.otherKey(source, found: hint, expected: key.hint) }
    guard key.verifies([UInt8](dsseEnvelope.signatures[0].sig), of: Self.signed(payload)) else {
      throw Failure.wrongSignature(source)
    }
    return payload
  }

  /// The bytes that DSSE signs: the payload, preceded by its type and both lengths.
  private static func signed(_ payload: [UInt8]) -> [UInt8] {
    Array("DSSEv1 \(payloadType.utf8.count) \(payloadType) \(payload.count) ".utf8) + payload
  }
}

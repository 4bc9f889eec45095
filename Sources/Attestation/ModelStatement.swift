import Basics

/// A statement about a weights file as in OpenSSF Model Signing v1: an in-toto statement whose subject is the model and
/// whose predicate lists the digests of its files. It also contains our own provenance data, which verifiers of the
/// format ignore.
/// - Source: github.com/ossf/model-signing-spec; the order of keys and white space are free.
package struct ModelStatement<Provenance: Codable & Sendable>: Codable, Sendable {
  private struct Subject: Codable, Sendable {
    var name: String
    var digest: [String: String]
  }

  private struct Serialization: Codable, Sendable {
    var method = "files"
    var hashType = "sha256"
    var allowsSymlinks = false

    private enum CodingKeys: String, CodingKey {
      case method
      case hashType = "hash_type"
      case allowsSymlinks = "allow_symlinks"
    }
  }

  private struct Resource: Codable, Sendable {
    var name: String
    var algorithm: String
    var digest: String
  }

  private struct Predicate: Codable, Sendable {
    var serialization: Serialization
    var resources: [Resource]
    var provenance: Provenance?
  }

  private static var type: String { "https://in-toto.io/Statement/v1" }
  private static var predicateType: String { "https://model_signing/signature/v1.0" }
  private static var onlyFile: String { "." }

  private var _type: String
  private var subject: [Subject]
  private var predicateType: String
  private var predicate: Predicate

  /// A statement about one file.
  package init(name: String, digest: Digest, provenance: Provenance) {
    (_type, predicateType) = (Self.type, Self.predicateType)
    // The subject's digest is computed over the digests of its files, one after the other.
    subject = [Subject(name: name, digest: ["sha256": Digest(of: digest.bytes).hex])]
    predicate = Predicate(
      serialization: Serialization(),
      resources: [Resource(name: Self.onlyFile, algorithm: "sha256", digest: digest.hex)], provenance: provenance)
    self.digest = digest
  }

  /// - Throws: `statement.invalid` for another kind of statement, or one that contradicts itself.
  package init(_ payload: [UInt8], source: String) throws {
    if let problem = StrictJSON.problem(of: payload) {
      throw Failure.statementInvalid(source, found: problem, expected: "JSON without a key twice")
    }
    self = try CanonicalJSON.decode(Self.self, from: payload, source: source)
    guard _type == Self.type, predicateType == Self.predicateType else {
      throw Failure.statementInvalid(source, found: predicateType, expected: Self.predicateType)
    }
    guard predicate.serialization.method == "files", predicate.serialization.hashType == "sha256" else {
      throw Failure.statementInvalid(
        source, found: "\(predicate.serialization.method), \(predicate.serialization.hashType)",
        expected: "files, sha256")
    }
    guard predicate.resources.count == 1, predicate.resources[0].name == Self.onlyFile else {
      throw Failure.statementInvalid(
        source, found: "\(predicate.resources.count) files of a directory", expected: "one file")
    }
    guard subject.count == 1, let file = Digest(hex: predicate.resources[0].digest),
      subject[0].digest["sha256"] == Digest(of: file.bytes).hex
    else { throw Failure.statementInvalid(source, found: "a subject with another digest", expected: "its file's") }
    digest = file
  }

  package var payload: [UInt8] { get throws { try CanonicalJSON.bytes(self) } }
  package var name: String { subject.first?.name ?? "" }
  package var provenance: Provenance? { predicate.provenance }
  /// The digest of the file's bytes.
  package private(set) var digest = Digest(of: "")

  private enum CodingKeys: String, CodingKey { case _type, subject, predicateType, predicate }
}

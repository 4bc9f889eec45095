import Basics

/// The messages of this module.
extension Failure {
  static func keyInvalid(_ path: String, isPrivate: Bool) -> Failure {
    let kind = isPrivate ? "private" : "public"
    return Failure(
      "key.invalid", "not a \(kind) key that can be used", on: path,
      expected: "PEM of an elliptic curve key on P-256\(isPrivate ? ", without a passphrase" : "")",
      hint: isPrivate
        ? "openssl ecparam -name prime256v1 -genkey -noout -out key.pem"
        : "openssl ec -in key.pem -pubout -out key.pub",
      exit: .usage)
  }

  static func cannotSign() -> Failure { Failure("key.sign", "libcrypto cannot sign with this key") }

  static func bundleInvalid(_ path: String, found: String, _ expected: String) -> Failure {
    Failure("bundle.invalid", "not a signature of a model", on: path, found: found, expected: expected)
  }

  static func otherKey(_ path: String, found: String, expected: String) -> Failure {
    Failure(
      "signature.key", "signed by another key", on: path, found: String(found.prefix(12)),
      expected: String(expected.prefix(12)))
  }

  static func wrongSignature(_ path: String) -> Failure {
    Failure(
      "signature.wrong", "the signature is not that of this statement", on: path,
      hint: "the file was changed after it was signed, or was not signed by the owner of this key")
  }

  static func statementInvalid(_ path: String, found: String, expected: String) -> Failure {
    Failure("statement.invalid", "the statement cannot be checked here", on: path, found: found, expected: expected)
  }
}

import Basics
import CSystem

/// A P-256 key that signs or checks signatures: ECDSA with SHA-256.
///
/// Others identify it by its public key as PEM.
package final class SigningKey: @unchecked Sendable {
  private let key: UnsafeMutableRawPointer
  /// The public key as written by `openssl ec -pubout`.
  package let publicPEM: [UInt8]
  package let canSign: Bool

  private static let mostBytes = 1 << 16
  private static let mostSignatureBytes = 80

  /// - Throws: `key.invalid` for anything but a P-256 key as PEM, and for a key protected by a passphrase.
  package convenience init(private path: String) throws {
    try self.init(path, canSign: true)
  }

  package convenience init(public path: String) throws {
    try self.init(path, canSign: false)
  }

  private init(_ path: String, canSign: Bool) throws {
    let pem = try Files.read(path, limit: Self.mostBytes)
    let opened = pem.withUnsafeBytes { bytes -> UnsafeMutableRawPointer? in
      guard let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self) else { return nil }
      return canSign ? system_private_key(start, bytes.count) : system_public_key(start, bytes.count)
    }
    guard let opened else { throw Failure.keyInvalid(path, isPrivate: canSign) }
    var text = [CChar](repeating: 0, count: 1024)
    let count = system_key_public_pem(opened, &text, text.count)
    guard count > 0 else {
      system_key_free(opened)
      throw Failure.keyInvalid(path, isPrivate: canSign)
    }
    publicPEM = text.prefix(Int(count)).map { UInt8(bitPattern: $0) }
    (key, self.canSign) = (opened, canSign)
  }

  deinit { system_key_free(key) }

  /// The name of the key in a bundle: the SHA-256 of its public PEM.
  package var hint: String { Digest(of: publicPEM).hex }

  /// The signature in DER. It differs each time, because ECDSA uses a random number.
  package func sign(_ message: [UInt8]) throws -> [UInt8] {
    var signature = [UInt8](repeating: 0, count: Self.mostSignatureBytes)
    let count = canSign ? system_sign(key, message, message.count, &signature, signature.count) : -1
    guard count > 0 else { throw Failure.cannotSign() }
    return Array(signature.prefix(Int(count)))
  }

  package func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
    system_verify(key, message, message.count, signature, signature.count) == 1
  }
}

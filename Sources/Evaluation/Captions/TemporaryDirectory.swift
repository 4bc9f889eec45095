import Basics
import Foundation

/// A temporary directory; it is removed with the last reference to this object.
final class TemporaryDirectory: Sendable {
  let path: String

  /// - Parameter purpose: a word for its name.
  /// - Throws: `Failure` if it cannot be created.
  init(_ purpose: String) throws {
    var template = Array("\(FileManager.default.temporaryDirectory.path)/pipeline-\(purpose)-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap { mkdtemp($0) } }
    guard let made else { throw Failure.system("make a temporary directory for", purpose) }
    path = String(cString: made)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

import Basics
import Foundation

/// A temporary directory that is removed with this object.
package final class Scratch {
  package let path: String

  package init() throws {
    path = "\(NSTemporaryDirectory())/pipeline-test-\(UUID().uuidString)"
    try Files.makeDirectory(path)
  }

  deinit { try? Files.remove(path) }

  package subscript(name: String) -> String { "\(path)/\(name)" }
}

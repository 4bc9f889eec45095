import Basics
import Foundation

/// A directory of its own that goes with the test.
package final class Scratch {
  package let path: String

  package init() throws {
    path = "\(NSTemporaryDirectory())/pipeline-test-\(UUID().uuidString)"
    try Files.makeDirectory(path)
  }

  deinit { try? Files.remove(path) }

  package subscript(name: String) -> String { "\(path)/\(name)" }
}

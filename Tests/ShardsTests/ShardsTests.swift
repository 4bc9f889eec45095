import Basics
import Corpus
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Shards

/// Test files outside the repository, shared with other tools; without them the tests are skipped with a message.
enum Shared {
  static let root = ProcessInfo.processInfo.environment["PIPELINE_SHARED"] ?? "../shared"
  static let formats = "\(root)/golden/formats"
  static let embeddings = "\(root)/data/embeddings"
  static var isThere: Bool { Files.exists("\(formats)/MANIFEST.json") }
  static var hasEmbeddings: Bool { Files.exists("\(embeddings)/README.md") }
  static let absent: Comment = "the shared files are absent: set PIPELINE_SHARED"
}

func failure(_ body: () throws -> Void) -> Failure? {
  do {
    try body()
    return nil
  } catch {
    return error as? Failure ?? Failure("other", "\(error)")
  }
}

func clipID(_ text: String) throws -> ClipID { try #require(ClipID(text)) }

/// Rows whose values give their row number.
func numbered(_ count: Int, width: Int = 4) -> Tensor {
  Tensor(shape: [count, width], floats: (0..<count * width).map { Float($0 / width + 1) })
}

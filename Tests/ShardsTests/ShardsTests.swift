import Basics
import Corpus
import Foundation
import Tensors
import Testing

@testable import Shards

/// Files that the tests share with other tools lie outside the repository; without them their tests are skipped aloud.
enum Shared {
  static let root = ProcessInfo.processInfo.environment["PIPELINE_SHARED"] ?? "../shared"
  static let formats = "\(root)/golden/formats"
  static let embeddings = "\(root)/data/embeddings"
  static var isThere: Bool { Files.exists("\(formats)/MANIFEST.json") }
  static var hasEmbeddings: Bool { Files.exists("\(embeddings)/README.md") }
  static let absent: Comment = "the shared files are absent: set PIPELINE_SHARED"
}

enum Python {
  static let path = ProcessInfo.processInfo.environment["PIPELINE_PYTHON"] ?? "/usr/bin/python3"
  static let isThere = (try? run("import tarfile")) != nil

  struct Refusal: Error, CustomStringConvertible { let description: String }

  @discardableResult
  static func run(_ program: String, _ arguments: String...) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = ["-c", program] + arguments
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let complaint = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Refusal(description: String(decoding: complaint, as: UTF8.self)) }
    return String(decoding: text, as: UTF8.self)
  }
}

/// A folder of its own that goes with the test.
final class Scratch {
  let path: String
  init() throws {
    path = "\(NSTemporaryDirectory())/pipeline-test-\(UUID().uuidString)"
    try Files.makeFolder(path)
  }
  deinit { try? Files.remove(path) }
  subscript(name: String) -> String { "\(path)/\(name)" }
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

/// Rows whose values say which row they are.
func numbered(_ count: Int, width: Int = 4) -> Tensor {
  Tensor(shape: [count, width], floats: (0..<count * width).map { Float($0 / width + 1) })
}

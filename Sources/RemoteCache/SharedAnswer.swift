// The answer stored under ac/: a REAPI ActionResult that names an action's outputs by digest and size.
//
// Every output's path contains the stage and the fingerprint of its action (`extract-audio/<fingerprint>/flac`), so
// that an answer to another question is detected. `execution_metadata` comes last in the bytes and names no host: an
// answer truncated between two fields lacks it. Its worker is `pipeline` and the digest of everything before it, so
// that a flipped bit is detected too. Answers from older versions have no digest there.

import Basics
import Foundation
import StageGraph
import SwiftProtobuf

/// The outputs of one action, as named in a cache.
struct SharedAnswer {
  struct File {
    var name: String
    var digest: Digest
    var size: Int
    /// The bytes, if the answer contains them.
    var bytes: [UInt8]?
  }

  static let mostFiles = 64
  /// The limit for all outputs of an action together: several actions are in memory at a time.
  static let mostBytes = 256 << 20
  private static let worker = "pipeline"

  var files: [File]

  /// The bytes to store under ac/.
  /// - Parameter inlined: whether the answer contains the outputs' bytes: for small outputs.
  static func bytes(
    _ fingerprint: Digest, stage: String, _ outputs: [NamedOutput], inlined: Bool = false
  ) throws -> [UInt8] {
    var result = Build_Bazel_Remote_Execution_V2_ActionResult()
    result.outputFiles = outputs.map { output in
      var file = Build_Bazel_Remote_Execution_V2_OutputFile()
      file.path = prefix(fingerprint, stage: stage) + output.name
      file.digest.hash = output.digest.hex
      file.digest.sizeBytes = Int64(output.bytes.count)
      if inlined { file.contents = Data(output.bytes) }
      return file
    }
    result.executionMetadata.worker = signed(result)
    return try result.serializedBytes()
  }

  /// Decodes a server's answer.
  /// - Throws: `Trouble` of kind `wrong` for anything except an answer to this question.
  init(_ bytes: [UInt8], to fingerprint: Digest, stage: String) throws {
    guard let result = try? Build_Bazel_Remote_Execution_V2_ActionResult(serializedBytes: bytes) else {
      throw Trouble(.wrong, "an answer that is no ActionResult")
    }
    guard result.hasExecutionMetadata, result.exitCode == 0 else {
      throw Trouble(.wrong, "an ActionResult that is not whole, or of an action that failed")
    }
    guard [Self.worker, Self.signed(result)].contains(result.executionMetadata.worker) else {
      throw Trouble(.wrong, "an ActionResult that is not what was written")
    }
    guard result.outputFiles.count <= Self.mostFiles else {
      throw Trouble(.wrong, "an ActionResult with \(result.outputFiles.count) outputs")
    }
    let prefix = Self.prefix(fingerprint, stage: stage)
    var total = 0
    files = try result.outputFiles.map { file in
      guard file.path.hasPrefix(prefix), file.path.utf8.count > prefix.utf8.count else {
        throw Trouble(.wrong, "an ActionResult of another action than the one asked for")
      }
      guard let digest = Digest(hex: file.digest.hash), let size = Int(exactly: file.digest.sizeBytes),
        (0...Self.mostBytes).contains(size)
      else { throw Trouble(.wrong, "an ActionResult with a digest or size that cannot be") }
      total += size
      return File(
        name: String(file.path.dropFirst(prefix.count)), digest: digest, size: size,
        bytes: size == 0 ? [] : file.contents.isEmpty ? nil : Array(file.contents))
    }
    guard total <= Self.mostBytes else { throw Trouble(.wrong, "an ActionResult with outputs of \(total) bytes") }
    guard Set(files.map(\.name)).count == files.count, files.contains(where: { $0.name == ActionResult.summaryName })
    else { throw Trouble(.wrong, "an ActionResult without a summary, or with an output twice") }
  }

  /// The worker's name with the digest of the answer's outputs.
  private static func signed(_ result: Build_Bazel_Remote_Execution_V2_ActionResult) -> String {
    let hasher = DigestBuilder()
    for file in result.outputFiles {
      hasher.update(field: file.path)
      hasher.update(field: file.digest.hash)
      hasher.update(field: "\(file.digest.sizeBytes)")
    }
    return "\(worker) \(hasher.finish().hex)"
  }

  private static func prefix(_ fingerprint: Digest, stage: String) -> String { "\(stage)/\(fingerprint.hex)/" }
}

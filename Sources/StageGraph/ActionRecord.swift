// The record of a completed action, in the form stored in the catalog: one compact run of bytes.
//
// A build with nothing to do compares the input names and digests of every record in place and decodes none. So a
// record is a position in a page of bytes; names, outputs and summary are decoded on demand.

import Basics

/// The result of an action when it last ran.
package struct ActionRecord: Sendable {
  package let id: ActionID
  let body: RecordBody
  /// Where the bytes of outputs are read; nil in a record that was never stored.
  let source: (any ArtifactSource)?

  package var fingerprint: Digest { body.fingerprint }
  package var isFinal: Bool { body.isFinal }

  /// All outputs, including the summary.
  package var outputs: [String: Artifact] {
    Dictionary(body.outputs.map { ($0.name, $0.artifact) }, uniquingKeysWith: { first, _ in first })
  }

  /// One output, without decoding the others.
  package func output(_ name: String) -> Artifact? { body.output(name) }

  /// Appends whether the record is final and the names, digests and sizes of all outputs. Equal records append equal
  /// bytes. Code that depends on all outputs hashes these bytes.
  package func appendOutputs(to bytes: inout [UInt8]) {
    bytes.append(isFinal ? 1 : 0)
    withExtendedLifetime(body.page) {
      let outputs = body.outputBytes
      bytes.append(integer: UInt32(outputs.count).littleEndian)
      bytes.append(contentsOf: outputs)
    }
  }

  /// - Throws: `Failure` if the store no longer has it.
  package var summary: [UInt8] {
    get throws {
      guard let artifact = output(ActionResult.summaryName), let source else {
        throw Failure.noSuchOutput("summary", of: id)
      }
      return try source.read(artifact)
    }
  }
}

/// Where artifacts' bytes are read: the store or the current run.
protocol ArtifactSource: Sendable {
  func read(_ artifact: Artifact) throws -> [UInt8]
}

/// A block of bytes that does not change once it is shared.
final class BytePage: @unchecked Sendable {
  let base: UnsafeMutableRawPointer
  let capacity: Int
  /// Only the code that fills the page, before it is shared, changes this.
  var used = 0

  init(capacity: Int) {
    self.capacity = max(capacity, 1)
    base = .allocate(byteCount: self.capacity, alignment: 8)
  }

  convenience init(_ content: [UInt8]) {
    self.init(capacity: content.count)
    content.withUnsafeBytes { append($0) }
  }

  deinit { base.deallocate() }

  /// The page must have enough space left.
  func append(_ content: UnsafeRawBufferPointer) {
    UnsafeMutableRawBufferPointer(start: base + used, count: capacity - used).copyMemory(from: content)
    used += content.count
  }
}

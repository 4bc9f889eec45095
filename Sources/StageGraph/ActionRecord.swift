// What is known of an action that was done, in the form in which it lies in the catalog: one compact run of bytes.
//
// A no-op build looks at every record and decodes none of them: it compares input names and digests where they lie. So
// a record is a place in a page of bytes; names, outputs and summary are decoded when somebody asks.

import Basics

/// What an action gave when it was last done.
package struct ActionRecord: Sendable {
  package let id: ActionID
  let body: RecordBody
  /// Where the bytes of outputs are read; nil in a record that never met a store.
  let source: (any ArtifactSource)?

  package var fingerprint: Digest { body.fingerprint }
  package var isFinal: Bool { body.isFinal }

  /// All outputs, the summary among them.
  package var outputs: [String: Artifact] {
    Dictionary(body.outputs.map { ($0.name, $0.artifact) }, uniquingKeysWith: { first, _ in first })
  }

  /// One output, without decoding the others.
  package func output(_ name: String) -> Artifact? { body.output(name) }

  /// Whether it is final, and the names, digests and sizes of all outputs, as bytes that are equal when they are: to be
  /// hashed by whoever depends on all of them.
  package func appendOutputs(to bytes: inout [UInt8]) {
    bytes.append(isFinal ? 1 : 0)
    withExtendedLifetime(body.page) {
      let outputs = body.outputBytes
      bytes.append(integer: UInt32(outputs.count).littleEndian)
      bytes.append(contentsOf: outputs)
    }
  }

  /// - Throws: `Failure` when the store no longer has it.
  package var summary: [UInt8] {
    get throws {
      guard let artifact = output(ActionResult.summaryName), let source else {
        throw Failure.noSuchOutput("summary", of: id)
      }
      return try source.read(artifact)
    }
  }
}

/// Where artifacts' bytes come from: the store, or the run in hand.
protocol ArtifactSource: Sendable {
  func read(_ artifact: Artifact) throws -> [UInt8]
}

/// Bytes that do not change while anybody holds them.
final class BytePage: @unchecked Sendable {
  let base: UnsafeMutableRawPointer
  let capacity: Int
  /// Only whoever fills the page, before it is shared, moves this.
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

  /// There must be room.
  func append(_ content: UnsafeRawBufferPointer) {
    UnsafeMutableRawBufferPointer(start: base + used, count: capacity - used).copyMemory(from: content)
    used += content.count
  }
}

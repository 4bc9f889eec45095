// The fingerprint of an action: one digest over stage name, version, parameters, toolchain and the digests of its
// inputs, but never a path, a time, a host or a thread count. Each field is preceded by its length and each table by
// its count, and tables are in byte order of the names, so that different actions never give the same bytes. Changing
// this file changes every fingerprint: a test checks a fixed one.

import Basics

package enum Fingerprint {
  package static func of(_ stage: Stage, inputs: [String: Digest]) -> Digest {
    of(stage, inputs: inputs.sorted { precedesInBytes($0.key, $1.key) }.map { (name: $0.key, digest: $0.value) })
  }

  /// The fingerprint for inputs in byte order of their names, which must be unique.
  package static func of(_ stage: Stage, inputs: [(name: String, digest: Digest)]) -> Digest {
    of(encoding: encode(stage), inputs)
  }

  /// The fingerprint for a stage's encoding and inputs in byte order of their names.
  static func of(encoding: [UInt8], _ inputs: [(name: String, digest: Digest)]) -> Digest {
    var bytes = encoding
    bytes.reserveCapacity(encoding.count + 8 + inputs.count * 64)
    bytes.append(integer: UInt64(inputs.count).littleEndian)
    for (name, digest) in inputs {
      append(name, to: &bytes)
      digest.append(to: &bytes)
    }
    return Digest(of: bytes)
  }

  /// The part that is the same for all actions of a stage.
  static func encode(_ stage: Stage) -> [UInt8] {
    var bytes: [UInt8] = []
    append("fingerprint 1", to: &bytes)
    append(stage.name, to: &bytes)
    append(String(stage.version), to: &bytes)
    for table in [stage.parameters, stage.toolchain] {
      bytes.append(integer: UInt64(table.count).littleEndian)
      for (name, value) in table.sorted(by: { precedesInBytes($0.key, $1.key) }) {
        append(name, to: &bytes)
        append(value, to: &bytes)
      }
    }
    return bytes
  }

  private static func append(_ text: String, to bytes: inout [UInt8]) {
    bytes.append(integer: UInt64(text.utf8.count).littleEndian)
    bytes.append(contentsOf: text.utf8)
  }
}

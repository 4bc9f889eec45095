// What an action is a function of, as one digest: stage name, version, parameters, toolchain and the digests of its
// inputs. Never a path, a clock, a host or a thread count. Every field has its length in front and every table its
// count, in byte order of the names, so that no two different actions spell the same bytes. Changing this file changes
// every fingerprint: a test freezes one.

import Basics

package enum Fingerprint {
  package static func of(_ stage: Stage, inputs: [String: Digest]) -> Digest {
    of(stage, inputs: inputs.sorted { precedesInBytes($0.key, $1.key) }.map { (name: $0.key, digest: $0.value) })
  }

  /// The same from inputs in byte order of their names, none twice.
  package static func of(_ stage: Stage, inputs: [(name: String, digest: Digest)]) -> Digest {
    of(encoding: encode(stage), inputs)
  }

  /// The same from a stage's encoding and inputs in byte order of their names.
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

  /// The part that all actions of a stage share.
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

// One record in its stored form, and its encoding.
//
// A build with nothing to do looks at every record and decodes none: it compares input names and digests in place.
// Layout (little-endian; version 1):
//   u8 version, u8 flags (1 = final), u16 subject length, u32 configuration, u32 inputs, u32 outputs, 32 fingerprint,
//   subject, inputs (u16 length, name, 32 digest)…, outputs (u16 length, name, 32 digest, u64 size)…, each in name
//   order. `configuration` is the catalog's row of the stage in its earlier form.

import Basics

/// One record in its stored form.
struct RecordBody: Sendable {
  static let headerSize = 48
  let page: BytePage
  let start: Int
  let count: Int32

  private var base: UnsafeRawPointer { UnsafeRawPointer(page.base) + start }
  var raw: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: Int(count)) }
  var bytes: [UInt8] { withExtendedLifetime(page) { Array(raw) } }
  private func integer<T: FixedWidthInteger>(_ offset: Int, _ type: T.Type) -> T {
    T(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: type))
  }

  var isFinal: Bool { integer(1, UInt8.self) & 1 != 0 }
  var configuration: Int { Int(integer(4, UInt32.self)) }
  var fingerprint: Digest { Digest(at: base + 16) }
  private var subjectLength: Int { Int(integer(2, UInt16.self)) }
  var subjectBytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: base + Self.headerSize, count: subjectLength)
  }
  var subject: String { String(decoding: subjectBytes, as: UTF8.self) }

  var inputFields: RecordFields {
    RecordFields(at: base + Self.headerSize + subjectLength, left: Int(integer(8, UInt32.self)), trailing: 0)
  }

  var outputFields: RecordFields {
    var fields = inputFields
    while fields.next() != nil {}
    return RecordFields(at: fields.at, left: Int(integer(12, UInt32.self)), trailing: 8)
  }

  /// The encoded outputs.
  var outputBytes: UnsafeRawBufferPointer {
    let start = outputFields.at
    return UnsafeRawBufferPointer(start: start, count: Int(count) - (start - base))
  }

  var inputs: [(name: String, digest: Digest)] {
    withExtendedLifetime(page) {
      var result: [(name: String, digest: Digest)] = []
      var fields = inputFields
      while let field = fields.next() {
        result.append((String(decoding: field.name, as: UTF8.self), Digest(at: field.value)))
      }
      return result
    }
  }

  var outputs: [(name: String, artifact: Artifact)] {
    withExtendedLifetime(page) {
      var result: [(name: String, artifact: Artifact)] = []
      var fields = outputFields
      while let field = fields.next() {
        result.append((String(decoding: field.name, as: UTF8.self), Self.artifact(field.value)))
      }
      return result
    }
  }

  func output(_ name: String) -> Artifact? {
    withExtendedLifetime(page) {
      withBytes(name) { name in
        var fields = outputFields
        while let field = fields.next() {
          if sameBytes(field.name, name) { return Self.artifact(field.value) }
        }
        return nil
      }
    }
  }

  private static func artifact(_ value: UnsafeRawPointer) -> Artifact {
    let size = UInt64(littleEndian: value.loadUnaligned(fromByteOffset: 32, as: UInt64.self))
    return Artifact(digest: Digest(at: value), size: Int(truncatingIfNeeded: size))
  }
}

/// Iterates over the inputs or the outputs of a record.
struct RecordFields {
  var at: UnsafeRawPointer
  var left: Int
  /// The number of bytes after each digest.
  let trailing: Int

  mutating func next() -> (name: UnsafeRawBufferPointer, value: UnsafeRawPointer)? {
    guard left > 0 else { return nil }
    let length = Int(UInt16(littleEndian: at.loadUnaligned(as: UInt16.self)))
    let field = (name: UnsafeRawBufferPointer(start: at + 2, count: length), value: at + 2 + length)
    at += 2 + length + 32 + trailing
    left -= 1
    return field
  }
}

extension RecordBody {
  static let version: UInt8 = 1
  /// The longest name and subject that can be encoded.
  static let longestName = Int(UInt16.max)

  /// Encodes a record. `inputs` and `outputs` must be in byte order of their names, which must not be longer than
  /// `longestName`.
  init(
    subject: String, configuration: Int, fingerprint: Digest, inputs: [(name: String, digest: Digest)],
    outputs: [(name: String, artifact: Artifact)], isFinal: Bool
  ) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.headerSize + subject.utf8.count + 64 * (inputs.count + outputs.count))
    bytes.append(contentsOf: [Self.version, isFinal ? 1 : 0])
    bytes.append(integer: UInt16(subject.utf8.count).littleEndian)
    for count in [configuration, inputs.count, outputs.count] { bytes.append(integer: UInt32(count).littleEndian) }
    fingerprint.append(to: &bytes)
    bytes.append(contentsOf: subject.utf8)
    for (name, digest) in inputs {
      bytes.append(integer: UInt16(name.utf8.count).littleEndian)
      bytes.append(contentsOf: name.utf8)
      digest.append(to: &bytes)
    }
    for (name, artifact) in outputs {
      bytes.append(integer: UInt16(name.utf8.count).littleEndian)
      bytes.append(contentsOf: name.utf8)
      artifact.digest.append(to: &bytes)
      bytes.append(integer: UInt64(artifact.size).littleEndian)
    }
    self.init(page: BytePage(bytes), start: 0, count: Int32(bytes.count))
  }

  /// The same record for another subject: a result depends only on its fingerprint, not on the subject.
  func renamed(_ subject: String) -> RecordBody {
    RecordBody(
      subject: subject, configuration: configuration, fingerprint: fingerprint, inputs: inputs, outputs: outputs,
      isFinal: isFinal)
  }

  /// Whether the bytes are exactly one complete record: every length is checked, and nothing is left over.
  static func isWhole(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count >= headerSize, bytes[0] == version else { return false }
    func integer<T: FixedWidthInteger>(_ offset: Int, _ type: T.Type) -> Int {
      Int(T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type)))
    }
    var end = headerSize + integer(2, UInt16.self)
    for (count, size) in [(integer(8, UInt32.self), 32), (integer(12, UInt32.self), 40)] {
      for _ in 0..<count {
        guard end + 2 <= bytes.count else { return false }
        end += 2 + integer(end, UInt16.self) + size
      }
    }
    return end == bytes.count
  }
}

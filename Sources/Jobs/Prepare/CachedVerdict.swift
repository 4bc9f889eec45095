// What is kept of a clip's verdict beside it, so that a clip whose inputs are what they were costs neither JSON nor a look into
// the store. It is a cache of what `ClipOutcome` and the verdict's rules give: an empty or unreadable one only costs time.
//
// Bytes (little-endian): u8 version, u8 state, u8 split, u8 flags (1 = has a pair, 2 = joined), 32 input, 32 pair, text reason,
// u16 findings, each text code and text evidence; a text is u32 length and UTF-8.

import Basics
import Corpus

/// A verdict by what it depends on.
struct CachedVerdict: Equatable {
  /// Raised whenever the same inputs would give another verdict, or another pair.
  static let version: UInt8 = 3

  /// The digest of all that decides the verdict.
  var input: Digest
  var state: ClipVerdict.State
  var reason: ReasonCode?
  var findings: [Finding] = []
  /// The clip's own split, before few validation clips join train.
  var split: Split?
  /// Whether the verdict says train because there were too few validation clips.
  var hasJoined = false
  /// The digest of all that goes into a shard for the clip; nil where nothing does.
  var pair: Digest?
}

extension CachedVerdict {
  private static let headSize = 68

  var bytes: [UInt8] {
    var bytes: [UInt8] = [
      Self.version, UInt8(ClipVerdict.State.allCases.firstIndex(of: state) ?? 0),
      UInt8(split.flatMap { Split.allCases.firstIndex(of: $0) }.map { $0 + 1 } ?? 0),
      (pair == nil ? 0 : 1) | (hasJoined ? 2 : 0),
    ]
    input.append(to: &bytes)
    if let pair { pair.append(to: &bytes) } else { bytes += [UInt8](repeating: 0, count: 32) }
    Self.append(reason?.rawValue ?? "", to: &bytes)
    withUnsafeBytes(of: UInt16(truncatingIfNeeded: findings.count).littleEndian) { bytes.append(contentsOf: $0) }
    for finding in findings.prefix(Int(UInt16.max)) {
      Self.append(finding.code.rawValue, to: &bytes)
      Self.append(finding.evidence, to: &bytes)
    }
    return bytes
  }

  private static func append(_ text: String, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: UInt32(text.utf8.count).littleEndian) { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: text.utf8)
  }

  /// Nil when the bytes are none of this version, or one of other inputs.
  init?(_ bytes: UnsafeRawBufferPointer, input: Digest) {
    guard bytes.count >= Self.headSize + 6, bytes[0] == Self.version, let start = bytes.baseAddress,
      Int(bytes[1]) < ClipVerdict.State.allCases.count, Int(bytes[2]) <= Split.allCases.count,
      Digest(at: start + 4) == input
    else { return nil }
    self.input = input
    state = ClipVerdict.State.allCases[Int(bytes[1])]
    split = bytes[2] == 0 ? nil : Split.allCases[Int(bytes[2]) - 1]
    hasJoined = bytes[3] & 2 != 0
    pair = bytes[3] & 1 != 0 ? Digest(at: start + 36) : nil
    var reader = TextReader(bytes: bytes, at: Self.headSize)
    guard let reason = reader.text() else { return nil }
    self.reason = reason.isEmpty ? nil : ReasonCode(rawValue: reason)
    guard let count = reader.count() else { return nil }
    for _ in 0..<count {
      guard let code = reader.text(), let evidence = reader.text() else { return nil }
      findings.append(Finding(ReasonCode(rawValue: code), evidence))
    }
    guard reader.at == bytes.count else { return nil }
  }

  private struct TextReader {
    let bytes: UnsafeRawBufferPointer
    var at: Int

    mutating func count() -> Int? { integer(UInt16.self) }

    mutating func text() -> String? {
      guard let length = integer(UInt32.self), length <= bytes.count - at else { return nil }
      defer { at += length }
      return String(decoding: bytes[at..<at + length], as: UTF8.self)
    }

    private mutating func integer<T: FixedWidthInteger>(_ type: T.Type) -> Int? {
      let size = MemoryLayout<T>.size
      guard size <= bytes.count - at else { return nil }
      defer { at += size }
      return Int(T(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: type)))
    }
  }
}

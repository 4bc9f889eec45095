// The cache record of a clip's verdict, kept beside it: a clip whose inputs are unchanged needs neither JSON parsing
// nor the store. The record repeats what `ClipOutcome` and the verdict's rules give, so an empty or unreadable one only
// costs time.
//
// Bytes (little-endian): u8 version, u8 state, u8 split, u8 flags (1 = has a pair, 2 = joined), 32 input, 32 pair, f64
// unused seconds, text reason, u16 findings, each text code and text evidence; a text is u32 length and UTF-8.

import Basics
import Corpus

/// A verdict together with what it depends on.
struct CachedVerdict: Equatable {
  /// Increased whenever the same inputs would give another verdict or another pair.
  static let version: UInt8 = 4

  /// The digest of everything that the verdict depends on.
  var input: Digest
  var state: ClipVerdict.State
  var reason: ReasonCode?
  var findings: [Finding] = []
  /// The clip's own split, before too few validation clips are moved to train.
  var split: Split?
  /// Whether the clip is in train because there were too few validation clips.
  var hasJoined = false
  /// As in `VerdictResolver.Resolved`.
  var unusedSeconds = 0.0
  /// The digest of everything that goes into a shard for the clip; nil when nothing does.
  var pair: Digest?
}

extension CachedVerdict {
  var bytes: [UInt8] {
    var writer = ByteWriter([
      Self.version, UInt8(ClipVerdict.State.allCases.firstIndex(of: state) ?? 0),
      UInt8(split.flatMap { Split.allCases.firstIndex(of: $0) }.map { $0 + 1 } ?? 0),
      (pair == nil ? 0 : 1) | (hasJoined ? 2 : 0),
    ])
    writer.write(input)
    if let pair { writer.write(pair) } else { writer.write([UInt8](repeating: 0, count: 32)) }
    writer.write(unusedSeconds.bitPattern)
    writer.write(text: reason?.rawValue ?? "")
    writer.write(UInt16(truncatingIfNeeded: findings.count))
    for finding in findings.prefix(Int(UInt16.max)) {
      writer.write(text: finding.code.rawValue)
      writer.write(text: finding.evidence)
    }
    return writer.bytes
  }

  /// Nil when the bytes are of another version or the record is for other inputs.
  init?(_ bytes: UnsafeRawBufferPointer, input: Digest) {
    var reader = ByteReader(bytes)
    guard reader.byte() == Self.version, let state = reader.byte(), let split = reader.byte(),
      let flags = reader.byte(),
      Int(state) < ClipVerdict.State.allCases.count, Int(split) <= Split.allCases.count, reader.digest() == input,
      let pair = reader.digest(), let unused = reader.integer(UInt64.self), let reason = reader.text(),
      let count = reader.integer(UInt16.self)
    else { return nil }
    self.input = input
    self.state = ClipVerdict.State.allCases[Int(state)]
    self.split = split == 0 ? nil : Split.allCases[Int(split) - 1]
    hasJoined = flags & 2 != 0
    unusedSeconds = Double(bitPattern: unused)
    self.pair = flags & 1 != 0 ? pair : nil
    self.reason = reason.isEmpty ? nil : ReasonCode(rawValue: reason)
    for _ in 0..<count {
      guard let code = reader.text(), let evidence = reader.text() else { return nil }
      findings.append(Finding(ReasonCode(rawValue: code), evidence))
    }
    guard reader.remaining == 0 else { return nil }
  }
}

extension ByteWriter {
  fileprivate mutating func write(text: String) {
    write(UInt32(text.utf8.count))
    write(text.utf8)
  }
}

extension ByteReader {
  fileprivate mutating func text() -> String? { integer(UInt32.self).flatMap { text(Int($0)) } }
}

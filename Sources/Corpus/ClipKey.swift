// How an id is written as the key of a sample in a tar: without dots, and reversibly.

extension ClipID {
  /// The id with dots and percent signs as `%2E` and `%25`; other bytes are unchanged.
  package var key: String { Self.escaped(text) }

  /// Escapes any name in the same way.
  package static func escaped(_ text: String) -> String {
    guard text.utf8.contains(where: isEscaped) else { return text }
    return String(
      decoding: text.utf8.flatMap { $0 == dot ? dotEscape : $0 == percent ? percentEscape : [$0] }, as: UTF8.self)
  }

  /// Decodes a `key`. A percent sign that does not begin such an escape stands for itself, as in shards of earlier
  /// versions.
  package init?(key: String) {
    guard key.utf8.contains(Self.percent) else {
      self.init(key)
      return
    }
    var bytes: [UInt8] = []
    var rest = Array(key.utf8)[...]
    while let byte = rest.first {
      if rest.starts(with: Self.dotEscape) {
        bytes.append(Self.dot)
        rest = rest.dropFirst(3)
      } else if rest.starts(with: Self.percentEscape) {
        bytes.append(Self.percent)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
        rest = rest.dropFirst()
      }
    }
    self.init(String(decoding: bytes, as: UTF8.self))
  }

  static func isEscaped(_ byte: UInt8) -> Bool { byte == dot || byte == percent }

  private static let (dot, percent) = (0x2E as UInt8, 0x25 as UInt8)
  private static let dotEscape = Array("%2E".utf8)
  private static let percentEscape = Array("%25".utf8)
}

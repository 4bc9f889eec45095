/// Character classes of the Penn Treebank tokenizer.
enum PTBCharacters {
  static func isASCIILetter(_ s: Unicode.Scalar) -> Bool { ("a"..."z").contains(s) || ("A"..."Z").contains(s) }

  static func isLetter(_ s: Unicode.Scalar) -> Bool {
    if s.value < 0x80 { return isASCIILetter(s) }
    switch s.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: return s.value < 0x10000
    default: return false
    }
  }

  static func isDigit(_ s: Unicode.Scalar) -> Bool {
    if s.value < 0x80 { return ("0"..."9").contains(s) }
    return s.properties.generalCategory == .decimalNumber && s.value < 0x10000
  }

  /// Letters, soft hyphens, and combining marks.
  static func isInWords(_ s: Unicode.Scalar) -> Bool {
    if s.value < 0x80 { return isASCIILetter(s) }
    if isLetter(s) || s == "\u{AD}" { return true }
    if (0x2C2...0x2C5).contains(s.value) || (0x2D2...0x2DF).contains(s.value) || (0x2E5...0x36F).contains(s.value) {
      return true
    }
    switch s.properties.generalCategory {
    case .nonspacingMark, .spacingMark: return (0x483...0xECD).contains(s.value)
    default: return false
    }
  }

  static func isSpace(_ s: Unicode.Scalar) -> Bool {
    s == " " || s == "\t" || s == "\u{A0}" || ("\u{2000}"..."\u{200A}").contains(s) || s == "\u{3000}"
  }

  static func endsLine(_ s: Unicode.Scalar) -> Bool {
    ("\u{A}"..."\u{D}").contains(s) || s == "\u{85}" || s == "\u{2028}" || s == "\u{2029}"
  }

  /// Characters that are dropped.
  static func isIgnored(_ s: Unicode.Scalar) -> Bool {
    s == "\0" || s == "\u{200B}" || s == "\u{200E}" || s == "\u{200F}" || s == "\u{FEFF}"
  }

  private static let symbols: [ClosedRange<UInt32>] = [
    0xB0...0xBA, 0x600...0x603, 0x606...0x60A, 0x703...0x70D, 0x7F6...0x7F8, 0x964...0x965, 0x2016...0x2017,
    0x2020...0x2023, 0x2030...0x2038, 0x203E...0x2042, 0x207A...0x207F, 0x208A...0x208E, 0x2100...0x214F,
    0x2190...0x21FF,
    0x2200...0x2BFF, 0xFF01...0xFF0F, 0xFF1A...0xFF20, 0xFF3B...0xFF40, 0xFF5B...0xFF65,
  ]
  private static let single = Set(
    "+%&~^|\\¦§¨©¬®¯×÷\u{387}\u{5BE}\u{5C0}\u{5C3}\u{5C6}\u{5F3}\u{5F4}\u{60C}\u{614}\u{61B}\u{61E}\u{66A}\u{66D}\u{E4F}\u{1FBD}\u{203B}\u{2044}\u{3012}\u{30FB}"
      .unicodeScalars)

  /// Symbols that are tokens by themselves.
  static func isSymbol(_ s: Unicode.Scalar) -> Bool {
    single.contains(s) || symbols.contains { $0.contains(s.value) }
  }
}

import Foundation

/// Prepares a text for CLIP's tokenizer: repairs characters, resolves entities, collapses white space, lowers the case.
///
/// open_clip uses ftfy for the repairs. Here only those that texts about audio clips and images need are done: UTF-8
/// that was read as Windows-1252, curly quotes, ligatures, full-width letters, control characters, composition (NFC).
enum TextCleaning {
  static func cleaned(_ text: String) -> String {
    // ftfy treats a text with "<" as HTML and does not resolve its entities; the two passes below do.
    let mended = mended(text.utf8.contains(UInt8(ascii: "<")) ? text : HTMLEntities.resolved(text))
    let resolved = HTMLEntities.resolved(HTMLEntities.resolved(mended))
    return lowercased(collapsed(resolved))
  }

  // MARK: Mending

  private static func mended(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
    var scalars = String.UnicodeScalarView()
    for scalar in redecoded(text).unicodeScalars {
      switch scalar.value {
      case 0x02BC, 0x2018...0x201B: scalars.append("'")
      case 0x201C...0x201F: scalars.append("\"")
      case 0xFF01...0xFFEF, 0x3000: scalars.append(contentsOf: compatible(scalar))
      case 0...8, 0x0B, 0x0E...0x1F, 0x7F, 0x206A...0x206F, 0xFEFF, 0xFFF9...0xFFFC: break
      default:
        if let letters = ligatures[scalar] {
          scalars.append(contentsOf: letters.unicodeScalars)
        } else {
          scalars.append(scalar)
        }
      }
    }
    return String(scalars).precomposedStringWithCanonicalMapping
  }

  private static func compatible(_ scalar: Unicode.Scalar) -> String.UnicodeScalarView {
    String(scalar).precomposedStringWithCompatibilityMapping.unicodeScalars
  }

  private static let ligatures: [Unicode.Scalar: String] = [
    "ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "ſt", "ﬆ": "st", "Ĳ": "IJ", "ĳ": "ij", "ŉ": "'n",
    "Ǳ": "DZ", "ǲ": "Dz", "ǳ": "dz", "Ǆ": "DŽ", "ǅ": "Dž", "ǆ": "dž", "Ǉ": "LJ", "ǈ": "Lj", "ǉ": "lj", "Ǌ": "NJ",
    "ǋ": "Nj", "ǌ": "nj",
  ]

  /// Restores runs of characters that are UTF-8 read as Windows-1252 ("cafÃ©").
  private static func redecoded(_ text: String) -> String {
    var (result, run) = (String.UnicodeScalarView(), [Unicode.Scalar]())
    func flush() {
      let bytes = run.compactMap(byte)
      if run.count > 1, bytes.count == run.count, let meant = String(validating: bytes, as: UTF8.self) {
        result.append(contentsOf: meant.unicodeScalars)
      } else {
        result.append(contentsOf: run)
      }
      run = []
    }
    for scalar in text.unicodeScalars {
      if scalar.isASCII {
        flush()
        result.append(scalar)
      } else {
        run.append(scalar)
      }
    }
    flush()
    return String(result)
  }

  /// The byte of a character in Windows-1252; nil if it has none.
  private static func byte(_ scalar: Unicode.Scalar) -> UInt8? {
    if let place = HTMLEntities.windows.firstIndex(of: scalar.value) { return UInt8(0x80 + place) }
    return (0x80...0xFF).contains(scalar.value) ? UInt8(scalar.value) : nil
  }

  // MARK: White space and case

  static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
  }

  private static func collapsed(_ text: String) -> String {
    text.unicodeScalars.split(whereSeparator: isSpace).map { String(String.UnicodeScalarView($0)) }.joined(
      separator: " ")
  }

  /// Lowers the case character by character, with the special form of a sigma at the end of a word.
  private static func lowercased(_ text: String) -> String {
    let scalars = Array(text.unicodeScalars)
    var result = ""
    for (place, scalar) in scalars.enumerated() {
      if scalar == "Σ", isCased(scalars[..<place].reversed()), !isCased(scalars[(place + 1)...]) {
        result += "ς"
      } else {
        result += scalar.properties.lowercaseMapping
      }
    }
    return result
  }

  /// Whether the first character that is not case-ignorable is a letter with case.
  private static func isCased(_ scalars: some Sequence<Unicode.Scalar>) -> Bool {
    scalars.first { !$0.properties.isCaseIgnorable }?.properties.isCased ?? false
  }
}

/// Resolves HTML entities like Python's `html.unescape`: numbers, the names of Latin-1 (also without a semicolon) and
/// the few other names that texts use.
enum HTMLEntities {
  static func resolved(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "&")) else { return text }
    let scalars = Array(text.unicodeScalars)
    var (result, at) = (String.UnicodeScalarView(), 0)
    while at < scalars.count {
      if scalars[at] == "&", let (value, length) = entity(scalars[(at + 1)...]) {
        result.append(contentsOf: value.unicodeScalars)
        at += 1 + length
      } else {
        result.append(scalars[at])
        at += 1
      }
    }
    return String(result)
  }

  /// The entity after an ampersand: its value and its number of characters; nil if there is no entity.
  private static func entity(_ rest: ArraySlice<Unicode.Scalar>) -> (value: String, length: Int)? {
    if rest.first == "#" { return number(rest) }
    let body = rest.prefix(32).prefix { !["\t", "\n", "\u{C}", " ", "<", "&", "#", ";"].contains($0) }
    let name = String(String.UnicodeScalarView(body))
    if rest.dropFirst(body.count).first == ";", let value = latin[name] ?? others[name] {
      return (value, body.count + 1)
    }
    // The longest prefix that is a name which needs no semicolon.
    for length in stride(from: body.count, to: 1, by: -1) {
      if let value = latin[String(String.UnicodeScalarView(body.prefix(length)))] { return (value, length) }
    }
    return nil
  }

  private static func number(_ rest: ArraySlice<Unicode.Scalar>) -> (value: String, length: Int)? {
    let after = rest.dropFirst()
    let isHex = after.first == "x" || after.first == "X"
    let digits = (isHex ? after.dropFirst() : after).prefix {
      isHex ? $0.properties.isASCIIHexDigit : ("0"..."9").contains($0)
    }
    guard !digits.isEmpty else { return nil }
    var length = 1 + (isHex ? 1 : 0) + digits.count
    if rest.dropFirst(length).first == ";" { length += 1 }
    let value = UInt32(String(String.UnicodeScalarView(digits)), radix: isHex ? 16 : 10) ?? .max
    if (0x80...0x9F).contains(value), let scalar = Unicode.Scalar(windows[Int(value) - 0x80]) {
      return (String(scalar), length)
    }
    if value == 0 || value > 0x10FFFF || (0xD800...0xDFFF).contains(value) { return ("\u{FFFD}", length) }
    if value < 0x20, ![9, 10, 12, 13].contains(value) { return ("", length) }
    return (Unicode.Scalar(value).map { String($0) } ?? "", length)
  }

  /// The characters of Windows-1252 from 0x80 to 0x9F; for an undefined byte, the control character itself.
  static let windows: [UInt32] = [
    0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D, 0x017D,
    0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,
    0x017E, 0x0178,
  ]

  /// Names that are also valid without a semicolon: those of characters 0xA0 to 0xFF in order, and ten others.
  private static let latin: [String: String] = {
    let names = """
      nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro \
      para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil \
      Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave \
      Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml \
      igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute \
      thorn yuml
      """
    var table = [
      "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "AMP": "&", "LT": "<", "GT": ">", "QUOT": "\"", "COPY": "©",
      "REG": "®",
    ]
    for (place, name) in names.split(separator: " ").enumerated() {
      table[String(name)] = Unicode.Scalar(UInt32(0xA0 + place)).map { String($0) }
    }
    return table
  }()

  private static let others = [
    "apos": "'", "hellip": "…", "ndash": "–", "mdash": "—", "lsquo": "‘", "rsquo": "’", "ldquo": "“", "rdquo": "”",
    "sbquo": "‚", "bdquo": "„", "bull": "•", "euro": "€", "trade": "™", "lsaquo": "‹", "rsaquo": "›", "dagger": "†",
    "Dagger": "‡", "permil": "‰", "prime": "′", "Prime": "″", "ensp": "\u{2002}", "emsp": "\u{2003}",
    "thinsp": "\u{2009}",
    "zwnj": "\u{200C}", "zwj": "\u{200D}", "OElig": "Œ", "oelig": "œ", "Scaron": "Š", "scaron": "š", "Yuml": "Ÿ",
    "fnof": "ƒ", "circ": "ˆ", "tilde": "˜", "minus": "−", "infin": "∞", "ne": "≠", "le": "≤", "ge": "≥", "larr": "←",
    "rarr": "→", "hearts": "♥",
  ]
}

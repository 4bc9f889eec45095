// The token rules of the Penn Treebank tokenizer in Stanford's CoreNLP 3.4.1, rewritten from its behavior. Captions are
// scored with this tokenizer everywhere. If several rules match equally long text, the first one is used.

/// One kind of token.
struct PTBRule: Sendable {
  let pattern: TextPattern
  /// What must follow the token without being part of it; nil: anything.
  let ahead: TextPattern?
  /// The number of characters at the pattern's end that start the next token.
  let left: Int
  /// Whether the token's last character is also a token of its own.
  let repeatsEnd: Bool
  /// The text of the token; nil: it is dropped.
  let text: @Sendable (String) -> String?

  init(
    _ pattern: TextPattern, before ahead: TextPattern? = nil, leaving left: Int = 0,
    repeatsEnd: Bool = false,
    _ text: @escaping @Sendable (String) -> String? = { PTBRule.withoutSoftHyphens($0) }
  ) {
    (self.pattern, self.ahead, self.left, self.repeatsEnd) = (pattern, ahead, left, repeatsEnd)
    self.text = text
  }

  static func withoutSoftHyphens(_ text: String) -> String {
    guard text.unicodeScalars.contains("\u{AD}") else { return text }
    let rest = String(String.UnicodeScalarView(text.unicodeScalars.filter { $0 != "\u{AD}" }))
    return rest.isEmpty ? "-" : rest
  }

  static let all: [PTBRule] = words + numbers + names + abbreviations + marks

  // MARK: Characters

  static let letter = TextPattern.one { PTBCharacters.isLetter($0) }
  static let digit = TextPattern.one { PTBCharacters.isDigit($0) }
  static let anything = TextPattern.one { _ in true }
  static let letterOrDigit = letter | digit
  static let wordLetter = TextPattern.one { PTBCharacters.isInWords($0) } | entityLetter
  static let ascii = TextPattern.one { PTBCharacters.isASCIILetter($0) }
  static let capital = TextPattern.one { ("A"..."Z").contains($0) }
  static let asciiOrDigit = TextPattern.one {
    PTBCharacters.isASCIILetter($0) || ("0"..."9").contains($0)
  }
  static let figure = TextPattern.one { ("0"..."9").contains($0) }
  static let space = TextPattern.one { PTBCharacters.isSpace($0) }
  static let hyphen = TextPattern.among("-_\u{58A}\u{2010}\u{2011}")
  static let apostrophe = TextPattern.among("'\u{92}\u{2019}") | .text("&apos;")
  static let anyApostrophe = apostrophe | .among("`\u{91}\u{2018}\u{201B}")
  static let ampersand = TextPattern.text("&") | .text("&amp;")
  static let entityLetter =
    TextPattern.text("&") + .among("aeiouAEIOU") + .words("acute grave uml") + .text(";")
}

// Punctuation, brackets, quotes and symbols.

extension PTBRule {
  static func brackets(_ text: String) -> String {
    text.replacing("(", with: "-LRB-").replacing(")", with: "-RRB-")
  }

  /// Quotes in LaTeX notation.
  /// - Parameter opens: whether a straight quote is an opening one.
  static func quotes(_ text: String, opens: Bool) -> String {
    var result = text.replacing("&apos;", with: "'").replacing("&quot;", with: "\"")
    for (from, to) in [
      ("'", opens ? "`" : "'"), ("\"", opens ? "``" : "''"), ("\u{91}", "`"), ("\u{2018}", "`"),
      ("\u{201B}", "`"),
      ("\u{2039}", "`"), ("\u{92}", "'"), ("\u{2019}", "'"), ("\u{203A}", "'"), ("\u{93}", "``"),
      ("\u{201C}", "``"),
      ("\u{AB}", "``"), ("\u{94}", "''"), ("\u{201D}", "''"), ("\u{BB}", "''"),
    ] { result = result.replacing(from, with: to) }
    return result
  }

  static let doubleQuote = TextPattern.text("\"") | .text("&quot;")

  static let marks: [PTBRule] = [
    PTBRule(doubleQuote, before: asciiOrDigit | .text("$")) { quotes($0, opens: true) },
    PTBRule(doubleQuote) { quotes($0, opens: false) },
    PTBRule(.text("\u{7F}")) { _ in nil },
    PTBRule(.text("<") | .text("&lt;")) { _ in "<" },
    PTBRule(.text(">") | .text("&gt;")) { _ in ">" },
    PTBRule(smiley, before: .one { !(PTBCharacters.isASCIILetter($0) || ("0"..."9").contains($0)) }) { brackets($0) },
    PTBRule(face) { brackets($0) },
    PTBRule(.text("{")) { _ in "-LCB-" }, PTBRule(.text("}")) { _ in "-RCB-" },
    PTBRule(.text("[")) { _ in "-LSB-" }, PTBRule(.text("]")) { _ in "-RSB-" },
    PTBRule(.text("(")) { _ in "-LRB-" }, PTBRule(.text(")")) { _ in "-RRB-" },
    PTBRule(TextPattern.text("-").some) { (3...4).contains($0.count) ? "--" : $0 },
    PTBRule(
      .times(.text("."), 3, 5) | (.times(.text(".") + .among(" \u{A0}"), 2, 4) + .text("."))
        | .among("\u{85}\u{2026}")
    ) { _ in "..." },
    PTBRule(TextPattern.text("@").some | TextPattern.text("#").some | TextPattern.text("_").some),
    PTBRule(TextPattern.text("*").some | .times(.text("\\*"), 1, 3)),
    PTBRule(.among(",;:\u{3001}")), PTBRule(TextPattern.among("?!").some),
    PTBRule(.among(".¡¿\u{37E}\u{589}\u{61F}\u{6D4}\u{700}\u{701}\u{702}\u{7FA}\u{3002}=/")),
    PTBRule(pointed + .text("."), before: .among(",;:\u{3001}")), PTBRule(pointed),
    PTBRule(compound + .text("."), before: .among(",;:\u{3001}")), PTBRule(compound),
    PTBRule(joined + .text("."), before: .among(",;:\u{3001}")) { amp($0) },
    PTBRule(joined) { amp($0) },
    PTBRule(.text("'"), before: ascii + TextPattern.none(of: " \t\n\r\u{A0}")) {
      quotes($0, opens: true)
    },
    PTBRule(clitic) { quotes($0, opens: false) },
    PTBRule(
      apostrophe | .text("''")
        | .times(
          .among(
            "`\u{2018}\u{2019}\u{201A}\u{201B}\u{201C}\u{201D}\u{91}\u{92}\u{93}\u{94}\u{201E}\u{201F}\u{2039}\u{203A}\u{AB}\u{BB}"
          ),
          1, 2)
    ) { quotes($0, opens: false) },
    PTBRule(.text("<<") | .text(">>")), PTBRule(.one { PTBCharacters.isSymbol($0) }),
    PTBRule(space.some | .one { PTBCharacters.isIgnored($0) } | .text("&nbsp;")) { _ in nil },
  ]

  /// `:)`, `;-(`, `=D`.
  static let smiley =
    TextPattern.among("<>").maybe + .among(":;=") + .among("-o*'").maybe + .among("()DPdpO\\{@|[]")
  /// `^_^`, `-_-`, `(^.^)`.
  static let face: TextPattern = {
    let eye = TextPattern.among("-^x=~<>'")
    return (eye + .text("_") + eye) | (.text("(") + eye + .among("_.").maybe + eye + .text(")"))
  }()
}

// Numbers and addresses.

extension PTBRule {
  static let number: TextPattern = {
    let plain = digit.some | (digit.many + (.among(".:,\u{AD}\u{66B}\u{66C}") + digit.some).some)
    return TextPattern.among("-+").maybe + plain
  }()

  static func digits(_ least: Int, _ most: Int) -> TextPattern { .times(digit, least, most) }
  static func figures(_ least: Int, _ most: Int) -> TextPattern { .times(figure, least, most) }

  static let numbers: [PTBRule] = [
    PTBRule(url), PTBRule(address), PTBRule(mail),
    PTBRule(
      (.text("@") + (ascii | .text("_")) + (asciiOrDigit | .text("_")).many) | (.text("#") + word)),
    PTBRule(clitic, before: .one { !PTBCharacters.isASCIILetter($0) }) { quotes($0, opens: false) },
    PTBRule(not) { quotes($0, opens: false) },
    PTBRule(digits(1, 2) + .among("-/") + digits(1, 2) + .among("-/") + digits(2, 4)),
    PTBRule(number),
    PTBRule(
      .among("\u{207A}\u{207B}\u{208A}\u{208B}").maybe
        + (.among("\u{2070}\u{B9}\u{B2}\u{B3}\u{2074}\u{2075}\u{2076}\u{2077}\u{2078}\u{2079}").some
          | .one { ("\u{2080}"..."\u{2089}").contains($0) }.some)),
    PTBRule(
      (digits(1, 4) + .among("- \u{A0}")).maybe + digits(1, 4)
        + (.text("/") | .text("\\/") | .text("\u{2044}"))
        + digits(1, 4)
    ) { $0.replacing(" ", with: "\u{A0}") },
    PTBRule(.one { ("\u{BC}"..."\u{BE}").contains($0) || ("\u{2153}"..."\u{215E}").contains($0) }) {
      fraction($0)
    },
  ]

  static func fraction(_ text: String) -> String {
    ["\u{BC}": "1/4", "\u{BD}": "1/2", "\u{BE}": "3/4", "\u{2153}": "1/3", "\u{2154}": "2/3"][text]
      ?? text
  }

  static let notInAddress = " \t\n\u{C}\r\"<>|.!?(){},"
  static let url =
    TextPattern.words("http:// https://") + TextPattern.none(of: " \t\n\u{C}\r\"<>|()").some
    + TextPattern.none(of: notInAddress + "-")
  static let address: TextPattern = {
    let www =
      TextPattern.text("www.") + (TextPattern.none(of: notInAddress).some + .text(".")).some
      + .times(ascii, 2, 4)
    // In the original rule, "comma to underscore" is a range, so digits and capitals are excluded.
    let part = TextPattern.one {
      !(" \t\n\u{C}\r\"`'<>|.!?(){}$".unicodeScalars.contains($0) || (","..."_").contains($0))
    }
    let known = (part.some + .text(".")).some + .words("com net org edu")
    let path =
      TextPattern.text("/") + TextPattern.none(of: " \t\n\u{C}\r\"<>|()").some
      + TextPattern.none(of: notInAddress + "-")
    return (www | known) + path.maybe
  }()
  static let mail: TextPattern = {
    let outside = " \t\n\u{C}\r\"<>|(){}\u{A0}"
    let part = TextPattern.none(of: outside + ".").some
    return (.text("<") | .text("&lt;")).maybe + asciiOrDigit + TextPattern.none(of: outside).many
      + .text("@")
      + (part + .text(".")).many + part + (.text(">") | .text("&gt;")).maybe
  }()
}

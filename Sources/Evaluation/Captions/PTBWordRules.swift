// Words, and the effect of an apostrophe in them.

extension PTBRule {
  /// Letters, then letters and digits; parts joined by a full stop or an exclamation or question mark without a space.
  static let word: TextPattern = {
    let part = wordLetter + (wordLetter | digit).many
    return part + (.among(".!?") + part).many
  }()
  /// `'s`, `'m`, `'d`, `'re`, `'ve`, `'ll`.
  static let clitic = apostrophe + .words("m s d re ve ll")
  /// `n't`.
  static let not = TextPattern.text("n") + anyApostrophe + .text("t")

  static let words: [PTBRule] = [
    PTBRule(.text("c++") | .text("c#") | .text("f#")),
    // can not, 't was; gon na, lem me, 't is.
    PTBRule(.words("cannot 'twas"), leaving: 3),
    PTBRule(.words("gonna gotta lemme gimme wanna 'tis"), leaving: 2),
    PTBRule(tag) { $0.replacing(" ", with: "\u{A0}") },
    PTBRule(.words("&MD; &mdash; &ndash;") | .among("\u{96}\u{97}\u{2013}\u{2014}\u{2015}")) { _ in
      "--"
    },
    PTBRule(.text("&amp;")) { _ in "&" },
    PTBRule(
      .text("&") + (.words("HT TL UR LR QC QL QR odq cdq") | (.text("#") + figure.some))
        + .text(";")),
    PTBRule(word, before: clitic),
    PTBRule(
      (ascii | .among("\u{AD}")).many
        + .one { PTBCharacters.isASCIILetter($0) && $0 != "n" && $0 != "N" }, before: not),
    PTBRule(word), PTBRule(apostrophized),
    PTBRule(.text("y") + apostrophe, before: letter),
  ]

  /// Words that an apostrophe does not split: `'n'`, words like `o'clock`, `'em`, `'90s`, `ma'am`, `'cause`.
  static let apostrophized: TextPattern = .any([
    apostrophe + .text("n") + apostrophe.maybe, .among("lLdDjJ") + apostrophe,
    .words("dunkin somethin ol") + apostrophe, apostrophe + .words("em til till cause"),
    .one { ("A"..."H").contains($0) || ("J"..."X").contains($0) || $0 == "Z" || $0 == "n" }
      + anyApostrophe + letter
      + letter + letter.many,
    apostrophe + .one { ("2"..."9").contains($0) } + .text("0s"),
    letter + letter.many + .among("aeiouyAEIOUY") + anyApostrophe
      + .one { "aeiou".unicodeScalars.contains($0) || ("A"..."Z").contains($0) } + letter.many,
    .text("cont'd") + .text(".").maybe,
    .words("'twas nor'easter c'mon e'er s'mores ev'ry li'l nat'l"),
  ])

  /// `<b>`, `</b>`, `<br/>`, `<a href="x">`, `<!DOCTYPE …>`.
  static let tag: TextPattern = {
    let name = ascii + (asciiOrDigit | .among("_:.-")).many
    let blanks = TextPattern.text(" ")
    let value =
      (.text("'") + TextPattern.none(of: "'").many + .text("'"))
      | (.text("\"") + TextPattern.none(of: "\"").many + .text("\""))
    let attribute = blanks.some + name + (blanks.many + .text("=") + blanks.many + value).maybe
    let inside =
      (.among("!?") + (ascii | .text("-")) + TextPattern.none(of: ">\r\n").many)
      | (.text("/").maybe + name + attribute.many + blanks.many + .text("/").maybe)
    return .text("<") + inside + blanks.many + .text(">")
  }()
}

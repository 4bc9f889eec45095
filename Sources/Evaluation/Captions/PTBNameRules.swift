// Compounds of words, digits and signs, and abbreviations.

extension PTBRule {
  // MARK: Compounds

  /// Letters, digits and parts joined by hyphens; `d'`, `o'` or `l'` may stand before a part.
  static let compound: TextPattern = {
    let part = (.among("dDoOlL") + anyApostrophe + letterOrDigit).maybe + letterOrDigit.some
    return part + (hyphen + part).many
  }()
  /// The same for ASCII, with full stops and commas in its first part.
  static let pointed =
    asciiOrDigit + (asciiOrDigit | .among(".,\u{AD}")).many
    + (.text("-") + ((asciiOrDigit | .among("\u{AD}")).some | (acronym + .text(".")))).some
  static let joined = capital.some + (((.text("+") | ampersand)) + capital.some).some
  static let slashed: TextPattern = {
    let part = asciiOrDigit.some + .times(.text("-") + ascii.some, 0, 2)
    return part + .times((.text("/") | .text("\\/")) + part, 1, 2)
  }()

  static let names: [PTBRule] = [
    PTBRule(
      .words("-RRB- -LRB- -RCB- -LCB- -RSB- -LSB- C.D.s pro- anti-")
        | (.text("cap") + apostrophe + .text("n"))
        | (.text("c") + apostrophe + .text("est"))),
    PTBRule(.text("S") + ampersand + .words("P-500 Ls")) { amp($0) },
    PTBRule(slashed), PTBRule((capital.many + .text("$")) | .text("#")),
    PTBRule(
      .among(
        "\u{A2}\u{A3}\u{A4}\u{A5}\u{80}\u{20A0}\u{20AC}\u{60B}\u{E3F}\u{20A4}\u{FFE0}\u{FFE1}\u{FFE5}\u{FFE6}"
      )
    ) {
      [
        "\u{A2}": "cents", "\u{A3}": "#", "\u{80}": "$", "\u{A4}": "$", "\u{20A0}": "$",
        "\u{20AC}": "$",
      ][$0] ?? $0
    },
  ]

  static func amp(_ text: String) -> String { text.replacing("&amp;", with: "&") }

  // MARK: Abbreviations

  static let acronym =
    (ascii + (.text(".") + ascii).some)
    | (.words("Canada Sino Korean EU Japan non") + .text("-U.S"))
    | .words("U.S.-U.K U.S.-U.S.S.R")
  /// Usually followed by a lower-case word: a capital after one begins a sentence.
  static let closing: TextPattern =
    (.words(
      """
      Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec Mon Tue Tues Wed Thu Thurs Fri Ala Ariz Calif Colo Conn Dak Del Fla \
      Ga Ind Kan Kans Ky La Md Mich Minn Mo Mont Neb Nev Okla Pa Penn Tenn Tex Va Vt Wis Wisc Wyo Inc Co Cos Corp Pty Ptys \
      Ppty Pptys Ltd Plc Bancorp Dept Bhd Assn Univ Intl Sys tel est ext sq Jr Sr Bros Ed.D Ph.D Blvd Rd \
      Esq etc al seq
      """)
      | .any(
        ["Ark", "Ill", "Mass", "Miss", "Ore", "Wash"].map {
          .among(String($0.prefix(1))) + .text(String($0.dropFirst()))
        }))
    + .text(".")
  /// Usually followed by a capital: none of them ends a sentence.
  static let opening: TextPattern = .any([
    ascii,
    .words(
      """
      Mr Mrs Ms Dr Drs Prof Profs Sen Sens Rep Reps Atty Attys Lt Col Gen Messrs Gov Govs Adm Rev Maj Sgt Cpl Pvt Mt Capt \
      St Ste Ave Pres Lieut Hon Brig Cmdr Comdr Pfc Spc Supt Supts Det Ft Mx Adj Adv Asst Assoc Ens Insp \
      Mlle Mme Msgr Sfc vs Ph Alex Wm Jos Cie a.k.a cf TREAS Invt Elec Natl
      """),
    .among("M") + .words("iss fg tg"), acronym,
  ])
  /// Words that begin a sentence even after `U.S.`.
  static let beginnings: TextPattern = .any(
    """
    About According Additionally After An A As At But Earlier He Her Here However If In It Last Many More Mr. Ms. Now Once \
    One Other Our She Since So Some Such That The Then There These They This We When While What Yet You
    """.split(separator: " ").map { .among(String($0.prefix(1))) + .text(String($0.dropFirst())) })

  static let abbreviations: [PTBRule] = [
    PTBRule(ascii + .text("."), before: space.some + beginnings + space, leaving: 1),
    PTBRule(acronym + .text("."), before: space.some + beginnings + space, repeatsEnd: true),
    PTBRule(closing, before: space + (space | capital | tag), repeatsEnd: true),
    PTBRule(
      .words("ca fig figs prop no nos sec sect secs sects art arts bldg pp op") + .text("."),
      before: space.maybe + digit),
    PTBRule((.text("co") | .text("pty")) + .text("."), before: space + .words("ltd lim")),
    PTBRule(closing, before: anything + anything), PTBRule(closing), PTBRule(opening + .text(".")),
    PTBRule(opening, before: space), PTBRule(acronym, before: space),
    PTBRule(apostrophe + figure + figure, before: space),
    PTBRule(word + .text("."), before: .among(",;:\u{3001}")),
    PTBRule(phone) { brackets($0.replacing(" ", with: "\u{A0}")) },
  ]

  static let phone: TextPattern = {
    let gap = TextPattern.among("- \u{A0}")
    let plus = (TextPattern.text("+") + .text("+").maybe).maybe
    let area =
      (.text("(") + figures(2, 3) + .text(")") + .among(" \u{A0}").maybe)
      | (plus + (figures(2, 4) + gap).maybe + figures(2, 4) + gap)
    let dotted =
      (plus + figures(2, 4) + .text(".")).maybe + figures(2, 4) + .text(".") + figures(3, 4)
      + .text(".")
      + figures(3, 5)
    return (area + figures(3, 4) + gap.maybe + figures(3, 5)) | dotted
  }()
}

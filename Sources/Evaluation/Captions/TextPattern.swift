/// A regular expression as a value: what a stretch of text may look like.
indirect enum TextPattern: Sendable {
  /// One character of a class.
  case one(@Sendable (Unicode.Scalar) -> Bool)
  /// One after the other.
  case all([TextPattern])
  /// One of them.
  case any([TextPattern])
  /// So many times; nil: without an end.
  case times(TextPattern, Int, Int?)

  /// The characters of a text, each in upper or lower case.
  static func text(_ text: String) -> TextPattern {
    .all(
      text.unicodeScalars.map { scalar in
        let (lower, upper) = (cased(scalar, String.lowercased), cased(scalar, String.uppercased))
        return .one { $0 == lower || $0 == upper }
      })
  }

  private static func cased(_ scalar: Unicode.Scalar, _ change: (String) -> () -> String) -> Unicode.Scalar {
    let changed = change(String(scalar))().unicodeScalars
    return changed.count == 1 ? changed.first ?? scalar : scalar
  }

  /// One of some texts, which blanks separate, in upper or lower case.
  static func words(_ texts: String) -> TextPattern { .any(texts.split(separator: " ").map { .text(String($0)) }) }

  /// One of the characters, as they are.
  static func among(_ characters: String) -> TextPattern {
    let scalars = Set(characters.unicodeScalars)
    return .one { scalars.contains($0) }
  }

  /// Any character but these.
  static func none(of characters: String) -> TextPattern {
    let scalars = Set(characters.unicodeScalars)
    return .one { !scalars.contains($0) }
  }

  var maybe: TextPattern { .times(self, 0, 1) }
  var some: TextPattern { .times(self, 1, nil) }
  var many: TextPattern { .times(self, 0, nil) }

  static func + (a: TextPattern, b: TextPattern) -> TextPattern { .all([a, b]) }
  static func | (a: TextPattern, b: TextPattern) -> TextPattern { .any([a, b]) }
}

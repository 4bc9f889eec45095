/// A regular expression as a value.
indirect enum TextPattern: Sendable {
  /// One character of a class.
  case one(@Sendable (Unicode.Scalar) -> Bool)
  /// Patterns in sequence.
  case all([TextPattern])
  /// One of several patterns.
  case any([TextPattern])
  /// A number of repetitions; nil: no upper limit.
  case times(TextPattern, Int, Int?)

  /// The characters of a text, ignoring case.
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

  /// One of several space-separated texts, ignoring case.
  static func words(_ texts: String) -> TextPattern { .any(texts.split(separator: " ").map { .text(String($0)) }) }

  /// One of the characters, case-sensitive.
  static func among(_ characters: String) -> TextPattern {
    let scalars = Set(characters.unicodeScalars)
    return .one { scalars.contains($0) }
  }

  /// Any character except these.
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

/// Splits captions into the tokens that caption scores are computed on: those of Stanford's Penn Treebank tokenizer
/// (CoreNLP 3.4.1, lower case), as in all published scores.
///
/// `it's` is two tokens, `high-pitched` is one. Curly quotes and dashes become ASCII, brackets become `-lrb-` and so
/// on. Characters that are not letters, digits or known symbols, such as emoji, are dropped. Line ends count as spaces.
/// Not thread-safe.
package final class PTBTokenizer {
  /// Tokens that do not count for scores. Brackets do count, because the tokenizer has already converted their names to
  /// lower case.
  package static let punctuation: Set<String> = [
    "''", "'", "``", "`", "-LRB-", "-RRB-", "-LCB-", "-RCB-", ".", "?", "!", ",", ":", "-", "--", "...", ";",
  ]

  /// The maximum length of a token in characters, much longer than any word: it limits the work.
  private static let longest = 1024

  private let rules = PTBRule.all
  private let matcher: PatternMatcher
  /// For each rule, separates a token from what must follow it; nil if nothing must follow.
  private let cuts: [(token: PatternMatcher, ahead: PatternMatcher)?]

  package init() {
    matcher = PatternMatcher(rules.map { rule in rule.ahead.map { .all([rule.pattern, $0]) } ?? rule.pattern })
    cuts = rules.map { rule in rule.ahead.map { (PatternMatcher([rule.pattern]), PatternMatcher([$0])) } }
  }

  /// All tokens, including punctuation.
  package func tokens(_ text: String) -> [String] {
    // The original program reads lines, each with a line end.
    let scalars = text.unicodeScalars.map { PTBCharacters.endsLine($0) ? " " : $0 } + [" "]
    var (tokens, place) = ([String](), 0)
    while place < scalars.count {
      guard let found = matcher.longest(scalars, from: place, limit: Self.longest) else {
        place += 1
        continue
      }
      let rule = rules[found.pattern]
      let count =
        cuts[found.pattern].map { cut in
          Self.split(scalars, place, found.count, cut.token, cut.ahead)
        } ?? found.count
      let end = place + count - rule.left
      let token = String(String.UnicodeScalarView(scalars[place..<end]))
      if let written = rule.text(token) { tokens.append(written.lowercased()) }
      place = max(place + 1, end - (rule.repeatsEnd ? 1 : 0))
    }
    return tokens
  }

  /// The tokens that count for scores.
  package func words(_ text: String) -> [String] { tokens(text).filter { !Self.punctuation.contains($0) } }

  /// The longest prefix that is a token and is followed by `ahead` up to the end of the match.
  private static func split(
    _ text: [Unicode.Scalar], _ start: Int, _ count: Int, _ token: PatternMatcher, _ ahead: PatternMatcher
  ) -> Int {
    for length in stride(from: count - 1, to: 0, by: -1)
    where ahead.fits(text[(start + length)..<(start + count)]) && token.fits(text[start..<(start + length)]) {
      return length
    }
    return count
  }
}

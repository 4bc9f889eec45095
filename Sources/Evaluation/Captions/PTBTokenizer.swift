/// Cuts captions into the tokens that caption scores are computed on: those of Stanford's Penn Treebank tokenizer
/// (CoreNLP 3.4.1, lower case), as every published score has them.
///
/// `it's` is two tokens, `high-pitched` one; curly quotes and dashes become ASCII ones, brackets `-lrb-` and the like;
/// what is neither letter, digit nor known sign, emoji among them, vanishes. Ends of lines count as spaces. Not for
/// several threads at once.
package final class PTBTokenizer {
  /// Tokens that do not count for scores. Brackets do, since the tokenizer has already put their names in lower case.
  package static let punctuation: Set<String> = [
    "''", "'", "``", "`", "-LRB-", "-RRB-", "-LCB-", "-RCB-", ".", "?", "!", ",", ":", "-", "--", "...", ";",
  ]

  /// Characters of the longest token, far over any word: keeps the work in bounds.
  private static let longest = 1024

  private let rules = PTBRule.all
  private let matcher: PatternMatcher
  /// By rule: what tells a token from what follows it; nil where nothing has to follow.
  private let cuts: [(token: PatternMatcher, ahead: PatternMatcher)?]

  package init() {
    matcher = PatternMatcher(rules.map { rule in rule.ahead.map { .all([rule.pattern, $0]) } ?? rule.pattern })
    cuts = rules.map { rule in rule.ahead.map { (PatternMatcher([rule.pattern]), PatternMatcher([$0])) } }
  }

  /// All tokens, punctuation among them.
  package func tokens(_ text: String) -> [String] {
    // The judge reads lines, each with an end.
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

  /// The longest part that is a token with the rest of the stretch behind it.
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

import Basics

/// What a reader wants to know first: which run it is, how it compares with chance, and on how many clips.
enum HeadlineSection {
  static func body(_ headline: ReportContent.HeadlinePart?) -> [Markup] {
    guard let headline else { return [] }
    var body: [Markup] = [.element("p", [("class", "lead")], text: headline.lead)]
    if !headline.scores.isEmpty {
      body.append(
        .element("ul", [("class", "scores"), ("aria-label", "Scores")], headline.scores.map(card)))
    }
    body += headline.warnings.map { .element("p", [("class", "warning")], text: $0) }
    return body
  }

  private static func card(_ score: ReportContent.HeadlinePart.Score) -> Markup {
    .element(
      "li", [],
      [
        .element("div", [("class", "note")], text: score.name),
        .element(
          "div", [("class", "score")],
          [.element("b", text: score.value), .text(" \(score.measure)")]),
        .element("div", [("class", "note")], text: score.chance),
      ])
  }
}

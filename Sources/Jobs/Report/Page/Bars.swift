import Basics

/// Counts as horizontal bars with their numbers: a table that can be read by eye, ear and keyboard.
package struct Bars: Sendable {
  package struct Bar: Sendable, Equatable {
    package var name: String
    package var count: Int
    package var note: String

    package init(_ name: String, _ count: Int, note: String = "") {
      (self.name, self.count, self.note) = (name, count, note)
    }
  }

  package var title: String
  package var bars: [Bar]
  /// Of the bars' colour: an index of the style's.
  package var color = 0

  package init(title: String, bars: [Bar], color: Int = 0) {
    (self.title, self.bars, self.color) = (title, bars, color)
  }

  /// More rows than this are summed into one.
  private static let most = 20

  package var markup: Markup {
    guard !bars.isEmpty else { return .element("p", [("class", "empty")], text: "\(title): none") }
    var shown = Array(bars.prefix(Self.most))
    let rest = bars.dropFirst(Self.most)
    if !rest.isEmpty { shown.append(Bar("\(rest.count) others", rest.reduce(0) { $0 + $1.count })) }
    let largest = max(1, bars.map(\.count).max() ?? 1)
    return .element(
      "div", [("class", "scroll"), ("tabindex", "0"), ("role", "region"), ("aria-label", title)],
      [
        .element(
          "table", [("class", "bars")],
          [.element("caption", text: title)]
            + shown.map { bar in
              let width = n(100 * Double(min(bar.count, largest)) / Double(largest))
              return .element(
                "tr", [],
                [
                  .element("th", [("scope", "row")], text: bar.name),
                  .element("td", [("class", "number")], text: grouped(bar.count)),
                  .element(
                    "td", [("class", "bar-cell")],
                    [
                      .element(
                        "svg",
                        [("viewBox", "0 0 100 10"), ("preserveAspectRatio", "none"), ("aria-hidden", "true")],
                        [
                          .element(
                            "rect",
                            [("class", "fill c\(color % Style.colors)"), ("width", width), ("height", "10")])
                        ])
                    ]), .element("td", [("class", "note")], text: bar.note),
                ])
            })
      ])
  }
}

import Basics

/// Counts as horizontal bars with their numbers: a table that can be read by eye, by screen reader and by keyboard.
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
  /// The index of the bars' color in the style.
  package var color = 0

  package init(title: String, bars: [Bar], color: Int = 0) {
    (self.title, self.bars, self.color) = (title, bars, color)
  }

  /// The number of rows shown at once; the others are folded.
  private static let most = 12
  /// The number of folded rows; further rows only count in the sum.
  private static let mostFolded = 180

  package var markup: Markup {
    guard !bars.isEmpty else { return .element("p", [("class", "empty")], text: "\(title): none") }
    let rest = bars.dropFirst(Self.most)
    // All bars have the same scale, so that they can be compared.
    let largest = max(1, bars.map(\.count).max() ?? 1)
    let shown = table(title, bars.prefix(Self.most), largest)
    guard !rest.isEmpty else { return shown }
    let sum = grouped(rest.reduce(0) { $0 + $1.count })
    let more = rest.count > Self.mostFolded ? ", the first \(Self.mostFolded) of them" : ""
    return .element(
      "div", [],
      [
        shown,
        .element(
          "details", [],
          [
            .element("summary", text: "\(rest.count) others, \(sum) together\(more)"),
            table("\(title), continued", rest.prefix(Self.mostFolded), largest),
          ]),
      ])
  }

  private func table(_ title: String, _ bars: some Collection<Bar>, _ largest: Int) -> Markup {
    .element(
      "div", [("class", "scroll"), ("tabindex", "0"), ("role", "region"), ("aria-label", title)],
      [.element("table", [("class", "bars")], [.element("caption", text: title)] + bars.map { row($0, largest) })])
  }

  private func row(_ bar: Bar, _ largest: Int) -> Markup {
    let width = n(100 * Double(bar.count) / Double(largest))
    return .element(
      "tr", [],
      [
        .element("th", [("scope", "row")], text: bar.name),
        .element("td", [("class", "number")], text: grouped(bar.count)),
        .element(
          "td", [("class", "bar-cell")],
          [
            .element(
              "svg", [("viewBox", "0 0 100 10"), ("preserveAspectRatio", "none"), ("aria-hidden", "true")],
              [.element("rect", [("class", "fill c\(color % Style.colors)"), ("width", width), ("height", "10")])])
          ]), .element("td", [("class", "note")], text: bar.note),
      ])
  }
}

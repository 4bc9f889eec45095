import Basics

/// A table with a heading. On a narrow screen it scrolls by itself.
package struct DataTable: Sendable, Equatable {
  package struct Row: Sendable, Equatable {
    package var cells: [String]
    /// A style of the whole row: `chance`, `published` or `reference`.
    package var style: String

    package init(_ cells: [String], style: String = "") { (self.cells, self.style) = (cells, style) }
  }

  package var title: String
  package var heading: [String]
  package var rows: [Row]
  /// What the cells after the first column hold; the case's name is the name of the style.
  package enum Cells: String, Sendable {
    /// Aligned to the right.
    case number
    /// Digests, options and similar text that must not be broken over lines.
    case code
    case sentence
  }

  package var cells = Cells.number

  package init(title: String, heading: [String], rows: [Row], cells: Cells = .number) {
    (self.title, self.heading, self.rows, self.cells) = (title, heading, rows, cells)
  }

  package var markup: Markup {
    .element(
      "div", [("class", "scroll"), ("tabindex", "0"), ("role", "region"), ("aria-label", title)],
      [
        .element(
          "table", [],
          [
            .element("caption", text: title),
            .element(
              "thead", [],
              [
                .element(
                  "tr", cells == .number ? [] : [("class", "words")],
                  heading.map { .element("th", [("scope", "col")], text: $0) })
              ]),
            .element("tbody", [], rows.map(row)),
          ])
      ])
  }

  private func row(_ row: Row) -> Markup {
    .element(
      "tr", row.style.isEmpty ? [] : [("class", row.style)],
      row.cells.enumerated().map { column, cell in
        column == 0
          ? .element("th", [("scope", "row")], text: cell)
          : .element("td", [("class", cells.rawValue)], text: cell)
      })
  }
}

/// A confusion matrix: shaded cells with their counts.
package struct ConfusionPlot: Sendable {
  package var title: String
  package var labels: [String]
  /// `[actual][predicted]`.
  package var counts: [[Int]]

  package init(title: String, labels: [String], counts: [[Int]]) {
    (self.title, self.labels, self.counts) = (title, labels, counts)
  }

  /// With more classes than this, numbers do not fit and the matrix is shown as an image.
  private static let mostNumbers = 24

  package var markup: Markup {
    guard labels.count <= Self.mostNumbers else { return image }
    let heading = Markup.element(
      "tr", [],
      [.element("td", [("class", "corner")], text: "is ↓ taken for →")]
        + labels.indices.map { .element("th", [("scope", "col"), ("title", labels[$0])], text: "\($0 + 1)") })
    let rows = counts.enumerated().map { actual, row -> Markup in
      let total = max(1, row.reduce(0, +))
      return .element(
        "tr", [],
        [.element("th", [("scope", "row")], text: "\(actual + 1) \(labels[actual])")]
          + row.map { count in
            // Ten shades, so that no style has to be computed.
            let shade = count == 0 ? 0 : max(1, Int((10 * Double(count) / Double(total)).rounded()))
            return .element("td", [("class", "shade s\(shade)")], text: count == 0 ? "·" : "\(count)")
          })
    }
    return .element(
      "div", [("class", "scroll"), ("tabindex", "0"), ("role", "region"), ("aria-label", title)],
      [
        .element(
          "table", [("class", "confusion")],
          [.element("caption", text: title), .element("thead", [], [heading]), .element("tbody", [], rows)])
      ])
  }

  private var image: Markup {
    let shares = counts.flatMap { row -> [Float] in
      let total = Float(max(1, row.reduce(0, +)))
      return row.map { Float($0) / total }
    }
    return PageImage.figure(
      PNGImage(width: labels.count, height: labels.count, values: shares, range: 0...1), title: title,
      text: "\(title): \(labels.count) classes in byte order, actual from top to bottom, predicted from left to right",
      style: "matrix", scale: PageImage.scale("0 % of the class", "100 %"))
  }
}

/// Images and audio embedded in the page.
enum PageImage {
  static func source(png: PNGImage) -> String { "data:image/png;base64,\(Base64.text(png.bytes))" }
  static func source(jpeg: [UInt8]) -> String { "data:image/jpeg;base64,\(Base64.text(jpeg))" }
  /// - Parameter audio: its first bytes determine the format.
  static func source(audio: [UInt8]) -> String {
    let type = audio.starts(with: Array("fLaC".utf8)) ? "flac" : audio.starts(with: Array("OggS".utf8)) ? "ogg" : "mpeg"
    return "data:audio/\(type);base64,\(Base64.text(audio))"
  }

  /// A scale of an image's shades from the smallest to the largest value.
  static func scale(_ low: String, _ high: String) -> Markup {
    let shades = PNGImage(width: 256, height: 1, pixels: (0...255).map { UInt8($0) })
    return .element(
      "div", [("class", "scale")],
      [
        .element("span", text: low),
        .void("img", [("src", source(png: shades)), ("alt", "Shades from \(low) to \(high)")]),
        .element("span", text: high),
      ])
  }

  static func figure(_ image: PNGImage, title: String, text: String, style: String, scale: Markup? = nil)
    -> Markup
  {
    .element(
      "figure", [("class", "plot")],
      [
        .element("figcaption", text: title),
        .void("img", [("class", style), ("src", source(png: image)), ("alt", text)]),
      ] + (scale.map { [$0] } ?? []) + [.element("p", [("class", "note")], text: text)])
  }
}

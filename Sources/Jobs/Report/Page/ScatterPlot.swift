import Basics
import Foundation

/// Points on a plane, colored and shaped by group, drawn as SVG.
package struct ScatterPlot: Sendable {
  package struct Point: Sendable, Equatable {
    package var x: Double
    package var y: Double
    package var group: String
    package var name: String

    package init(x: Double, y: Double, group: String, name: String) {
      (self.x, self.y, self.group, self.name) = (x, y, group, name)
    }
  }

  package var title: String
  package var note: String
  package var points: [Point]

  package init(title: String, note: String, points: [Point]) {
    (self.title, self.note, self.points) = (title, note, points)
  }

  private let size = 480.0
  /// The number of groups that colors and shapes together can distinguish.
  private static let mostGroups = 4 * Style.colors

  /// The first ten groups have ten colors, with the shapes in turn; each further ten reuse the colors with other
  /// shapes.
  private static func shapeIndex(_ group: Int) -> Int { (group % Style.colors + group / Style.colors) % 4 }

  package var markup: Markup {
    let points = points.filter { $0.x.isFinite && $0.y.isFinite }
    guard !points.isEmpty else { return .element("p", [("class", "empty")], text: "\(title): nothing to show yet") }
    let (xs, ys) = (points.map(\.x), points.map(\.y))
    let (left, bottom) = (xs.min() ?? 0, ys.min() ?? 0)
    let extent = max((xs.max() ?? 1) - left, (ys.max() ?? 1) - bottom, 1e-12)
    let scale = (size - 24) / extent
    // The largest groups have their own color and shape; the rest share one.
    let counts = Dictionary(grouping: points, by: \.group).mapValues(\.count)
    let order = counts.keys.sorted { (counts[$1] ?? 0, $0) < (counts[$0] ?? 0, $1) }
    let colored = Dictionary(
      uniqueKeysWithValues: order.prefix(Self.mostGroups).sorted().enumerated().map { ($1, $0) })
    let marks = points.map { point -> Markup in
      let (x, y) = (12 + (point.x - left) * scale, size - 12 - (point.y - bottom) * scale)
      let color = colored[point.group]
      return .element(
        "path",
        [
          ("class", color.map { "c\($0 % Style.colors)" } ?? "other"),
          ("d", Self.shape(color.map(Self.shapeIndex) ?? 4)),
          ("transform", "translate(\(n(x)) \(n(y)))"),
        ], [.element("title", text: "\(point.name): \(point.group)")])
    }
    let known = colored.sorted { $0.value < $1.value }.map { group, color in
      Self.entry("\(group) (\(counts[group] ?? 0))", "c\(color % Style.colors)", Self.shapeIndex(color))
    }
    let rest = points.count - colored.keys.reduce(0) { $0 + (counts[$1] ?? 0) }
    let others = rest > 0 ? [Self.entry("other (\(rest))", "other", 4)] : []
    return .element(
      "figure", [("class", "plot scatter")],
      [
        .element("figcaption", text: title),
        .element(
          "svg",
          [
            ("viewBox", "0 0 \(Int(size)) \(Int(size))"), ("role", "img"),
            ("aria-label", "\(title): \(points.count) points in \(counts.count) groups. \(note)"),
          ], [.element("g", [("class", "marks")], marks)]),
        .element("ul", [("class", "legend")], known + others), .element("p", [("class", "note")], text: note),
      ])
  }

  private static func entry(_ text: String, _ style: String, _ shape: Int) -> Markup {
    .element(
      "li", [("class", style)],
      [
        .element(
          "svg", [("viewBox", "-6 -6 12 12"), ("class", "mark"), ("aria-hidden", "true")],
          [.element("path", [("class", style), ("d", Self.shape(shape))])]), .text(text),
      ])
  }

  /// Circle, square, triangle, diamond, cross: groups can be distinguished without color.
  private static func shape(_ index: Int) -> String {
    switch index {
    case 0: "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0"
    case 1: "M-3.5-3.5h7v7h-7z"
    case 2: "M0-4.5L4.3 3.5H-4.3z"
    case 3: "M0-5L5 0L0 5L-5 0z"
    default: "M-3-3L3 3M3-3L-3 3"
    }
  }
}

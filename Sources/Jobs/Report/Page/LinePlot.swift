import Basics
import Foundation

/// Lines with a common axis, drawn as SVG.
package struct LinePlot: Sendable {
  package struct Line: Sendable, Equatable {
    package var name: String
    package var points: [Point]
    /// Half the height of the error bar at each point; empty for none.
    package var spreads: [Double] = []

    package init(_ name: String, _ points: [Point], spreads: [Double] = []) {
      (self.name, self.points, self.spreads) = (name, points, spreads)
    }
  }

  package struct Point: Sendable, Equatable {
    package var x: Double
    package var y: Double
    package init(_ x: Double, _ y: Double) { (self.x, self.y) = (x, y) }
  }

  package var title: String
  package var xName: String
  package var yName: String
  package var lines: [Line]
  /// Whether the x axis is logarithmic.
  package var isLogarithmic = false

  package init(title: String, x: String, y: String, lines: [Line], isLogarithmic: Bool = false) {
    (self.title, xName, yName, self.lines, self.isLogarithmic) = (title, x, y, lines, isLogarithmic)
  }

  /// The most points drawn for one line; longer lines are thinned by averaging consecutive points.
  private static let mostPoints = 400
  /// Lines with at most this many points have a mark at each point.
  private static let mostMarks = 60

  private let size = (width: 520.0, height: 260.0)
  private let margin = (left: 72.0, right: 14.0, top: 12.0, bottom: 40.0)

  package var markup: Markup {
    let shown = lines.map {
      Line($0.name, Self.thinned($0.points.filter { $0.x.isFinite && $0.y.isFinite }), spreads: $0.spreads)
    }
    .filter { !$0.points.isEmpty }
    guard !shown.isEmpty else { return .element("p", [("class", "empty")], text: "\(title): nothing to show yet") }
    let all = shown.flatMap(\.points)
    let xs = Axis(all.map { across($0.x) }, count: 8, isTight: true)
    let ys = Axis(
      shown.flatMap { line in
        line.points.enumerated().flatMap { index, point in
          let half = line.spreads.count == line.points.count ? line.spreads[index] : 0
          return [point.y - half, point.y + half]
        }
      })
    let drawing = [grid(xs, ys)] + shown.enumerated().map { draw($1, color: $0, xs, ys) }
    let summary = shown.map { line in
      "\(line.name): \(Axis.value(line.points[0].y)) to \(Axis.value(line.points[line.points.count - 1].y))"
    }.joined(separator: "; ")
    return .element(
      "figure", [("class", "plot")],
      [
        .element("figcaption", text: title),
        chart(
          xs,
          .element(
            "svg",
            [
              ("viewBox", "0 0 \(Int(size.width)) \(Int(size.height))"), ("role", "img"),
              ("aria-label", "\(title). \(summary)"),
            ], drawing)),
        .element("p", [("class", "readout"), ("aria-hidden", "true")], text: "Point at it, or use the arrow keys."),
        legend(shown),
      ])
  }

  /// The drawing with the attributes that the script needs to move a cursor with the pointer or the arrow keys.
  private func chart(_ xs: Axis, _ drawing: Markup) -> Markup {
    .element(
      "div",
      [
        ("class", "chart"), ("tabindex", "0"), ("role", "slider"), ("aria-label", "\(title), values along \(xName)"),
        ("aria-valuemin", "0"), ("aria-valuemax", "0"), ("aria-valuenow", "0"), ("aria-valuetext", "no value chosen"),
        ("data-x", xName), ("data-left", n(margin.left)), ("data-right", n(size.width - margin.right)),
        ("data-top", n(margin.top)), ("data-bottom", n(size.height - margin.bottom)),
        ("data-low", "\(xs.range.lowerBound)"), ("data-high", "\(xs.range.upperBound)"),
      ] + (isLogarithmic ? [("data-log", "1")] : []), [drawing])
  }

  private func across(_ x: Double) -> Double { isLogarithmic ? log10(max(x, 1e-12)) : x }

  private func place(_ point: Point, _ xs: Axis, _ ys: Axis) -> (x: Double, y: Double) {
    (
      margin.left + xs.place(across(point.x)) * (size.width - margin.left - margin.right),
      size.height - margin.bottom - ys.place(point.y) * (size.height - margin.top - margin.bottom)
    )
  }

  private func grid(_ xs: Axis, _ ys: Axis) -> Markup {
    var parts: [Markup] = []
    let (bottom, right) = (size.height - margin.bottom, size.width - margin.right)
    for tick in ys.ticks {
      let y = bottom - ys.place(tick) * (bottom - margin.top)
      parts.append(
        .element(
          "line",
          [("class", "grid"), ("x1", n(margin.left)), ("x2", n(right)), ("y1", n(y)), ("y2", n(y))]))
      parts.append(
        .element(
          "text", [("class", "tick end"), ("x", n(margin.left - 6)), ("y", n(y + 4))], text: ys.label(tick)))
    }
    // A logarithmic axis has its ticks at the x values of the points.
    let xTicks =
      isLogarithmic ? Array(Set(lines.flatMap(\.points).map(\.x))).sorted() : xs.ticks
    for tick in xTicks.prefix(12) {
      let x = margin.left + xs.place(isLogarithmic ? across(tick) : tick) * (right - margin.left)
      parts.append(
        .element(
          "text", [("class", "tick middle"), ("x", n(x)), ("y", n(bottom + 16))],
          text: isLogarithmic ? Axis.value(tick) : xs.label(tick)))
    }
    parts.append(
      .element(
        "text", [("class", "axis middle"), ("x", n((margin.left + right) / 2)), ("y", n(size.height - 6))], text: xName)
    )
    parts.append(
      .element(
        "text",
        [
          ("class", "axis middle"), ("transform", "translate(14 \(n((margin.top + bottom) / 2))) rotate(-90)"),
        ], text: yName))
    return .element("g", [], parts)
  }

  private func draw(_ line: Line, color: Int, _ xs: Axis, _ ys: Axis) -> Markup {
    let places = line.points.map { place($0, xs, ys) }
    let path = places.enumerated().map { "\($0 == 0 ? "M" : "L")\(n($1.x)) \(n($1.y))" }.joined()
    let values = line.points.map { "\(Axis.value($0.x)),\(Axis.value($0.y))" }.joined(separator: " ")
    var parts: [Markup] = [
      .element("path", [("class", "line"), ("d", path), ("data-name", line.name), ("data-v", values)])
    ]
    if line.spreads.count == line.points.count {
      for (index, spread) in line.spreads.enumerated() where spread > 0 {
        let point = line.points[index]
        let (top, bottom) = (
          place(Point(point.x, point.y + spread), xs, ys), place(Point(point.x, point.y - spread), xs, ys)
        )
        parts.append(.element("path", [("class", "bar"), ("d", "M\(n(top.x)) \(n(top.y))V\(n(bottom.y))")]))
      }
    }
    if line.points.count <= Self.mostMarks {
      for (point, spot) in zip(line.points, places) {
        parts.append(
          .element(
            "circle", [("cx", n(spot.x)), ("cy", n(spot.y)), ("r", "3")],
            [.element("title", text: "\(line.name), \(xName) \(Axis.value(point.x)): \(Axis.value(point.y))")]))
      }
    }
    return .element("g", [("class", "series c\(color % Style.colors) d\(color % 4)")], parts)
  }

  private func legend(_ lines: [Line]) -> Markup {
    .element(
      "ul", [("class", "legend")],
      lines.enumerated().map { index, line in
        .element(
          "li", [("class", "c\(index % Style.colors) d\(index % 4)")],
          [
            .element(
              "svg", [("viewBox", "0 0 24 8"), ("aria-hidden", "true")],
              [.element("path", [("class", "line"), ("d", "M0 4H24")])]), .text(line.name),
          ])
      })
  }

  /// At most `mostPoints` points, each the mean of consecutive points.
  private static func thinned(_ points: [Point]) -> [Point] {
    guard points.count > mostPoints else { return points }
    return (0..<mostPoints).map { piece in
      let part = points[piece * points.count / mostPoints..<(piece + 1) * points.count / mostPoints]
      let count = Double(part.count)
      return Point(part.reduce(0) { $0 + $1.x } / count, part.reduce(0) { $0 + $1.y } / count)
    }
  }
}

/// A coordinate with at most one decimal.
func n(_ value: Double) -> String {
  let text = String(format: "%.1f", value)
  return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}

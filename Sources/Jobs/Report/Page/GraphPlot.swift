import Basics

/// Stages and the files between them, in layers from left to right.
struct GraphPlot {
  let graph: ReportContent.GraphPart

  private let box = (width: 128.0, height: 52.0, gapX: 44.0, gapY: 18.0)

  var markup: Markup {
    guard !graph.nodes.isEmpty else { return .element("p", [("class", "empty")], text: "No stage has run here yet.") }
    let layers = layers()
    var places: [String: (x: Double, y: Double)] = [:]
    let tallest = Double(layers.map(\.count).max() ?? 1)
    for (column, names) in layers.enumerated() {
      let offset = (tallest - Double(names.count)) / 2
      for (row, name) in names.enumerated() {
        places[name] = (
          2 + Double(column) * (box.width + box.gapX), 2 + (Double(row) + offset) * (box.height + box.gapY)
        )
      }
    }
    let (width, height) = (
      4 + Double(layers.count) * (box.width + box.gapX) - box.gapX, 4 + tallest * (box.height + box.gapY) - box.gapY
    )
    let edges = graph.edges.compactMap { edge -> Markup? in
      guard let from = places[edge.from], let to = places[edge.to] else { return nil }
      let (x1, y1) = (from.x + box.width, from.y + box.height / 2)
      let (x2, y2) = (to.x - 2, to.y + box.height / 2)
      let bend = (x2 - x1) / 2
      return .element(
        "g", [],
        [
          .element(
            "path",
            [
              ("class", "edge"),
              ("d", "M\(n(x1)) \(n(y1))C\(n(x1 + bend)) \(n(y1)) \(n(x2 - bend)) \(n(y2)) \(n(x2 - 5)) \(n(y2))"),
            ]), .element("path", [("class", "tip"), ("d", "M\(n(x2)) \(n(y2))l-8-4v8z")]),
        ])
    }
    let nodes = graph.nodes.compactMap { node -> Markup? in
      guard let place = places[node.name] else { return nil }
      let middle = n(place.x + box.width / 2)
      return .element(
        "g", [],
        [
          .element(
            "rect",
            [
              ("class", node.isData ? "data" : "stage"), ("x", n(place.x)), ("y", n(place.y)), ("width", n(box.width)),
              ("height", n(box.height)), ("rx", "7"),
            ]),
          .element("text", [("class", "name middle"), ("x", middle), ("y", n(place.y + 22))], text: node.name),
          .element("text", [("class", "middle"), ("x", middle), ("y", n(place.y + 40))], text: node.count),
        ])
    }
    let words = graph.nodes.map { "\($0.name) \($0.count)" }.joined(separator: ", ")
    return .element(
      "div", [("class", "scroll graph plot"), ("tabindex", "0"), ("role", "region"), ("aria-label", "Stages")],
      [
        .element(
          "svg",
          [("viewBox", "0 0 \(n(width)) \(n(height))"), ("role", "img"), ("aria-label", "Stages in order: \(words)")],
          edges + nodes)
      ])
  }

  /// Places each node one layer after the last of its inputs.
  private func layers() -> [[String]] {
    var depth = Dictionary(uniqueKeysWithValues: graph.nodes.map { ($0.name, 0) })
    // As many rounds as there are nodes: enough for any graph without a cycle, and finite for one with a cycle.
    for _ in graph.nodes {
      for edge in graph.edges {
        depth[edge.to] = max(depth[edge.to] ?? 0, min(graph.nodes.count, (depth[edge.from] ?? 0) + 1))
      }
    }
    // Data is placed just before the first stage that uses it.
    for node in graph.nodes where node.isData {
      let next = graph.edges.filter { $0.from == node.name }.compactMap { depth[$0.to] }.min()
      if let next, next > 0 { depth[node.name] = next - 1 }
    }
    let last = depth.values.max() ?? 0
    return (0...last).map { layer in graph.nodes.map(\.name).filter { depth[$0] == layer } }.filter { !$0.isEmpty }
  }
}

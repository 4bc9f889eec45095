import Basics

/// Scores next to baselines and chance.
enum EvaluationSection {
  static func body(_ parts: [ReportContent.EvaluationPart]) -> [Markup] {
    guard !parts.isEmpty else {
      return [
        .element(
          "p", [("class", "empty")],
          text: "Nothing was evaluated yet: pipeline evaluate classify, retrieve, zero-shot, caption.")
      ]
    }
    return parts.flatMap { part in
      var body: [Markup] = [.element("h3", text: part.title), .element("p", [("class", "note")], text: part.facts)]
      body += part.warnings.map { .element("p", [("class", "warning")], text: "Warning: \($0)") }
      body += part.tables.map(\.markup)
      if let curve = part.curve {
        body.append(.element("div", [("class", "single")], [curve.markup]))
        if let text = part.curveText { body.append(.element("p", text: text)) }
      }
      if !part.confusions.isEmpty {
        body.append(
          .element(
            "details", [],
            [.element("summary", text: "Confusion matrices (\(part.confusions.count))")] + part.confusions.map(\.markup)
          ))
      }
      body += part.captions.map(captioned)
      if !part.notComputed.isEmpty {
        body.append(.element("p", text: "Not computed:"))
        body.append(.element("ul", [], part.notComputed.map { .element("li", text: $0) }))
      }
      body.append(
        .element(
          "details", [],
          [
            .element("summary", text: "Method"),
            .element("ul", [], part.method.map { .element("li", text: $0) }),
          ]))
      return body
    }
  }

  /// A clip's player next to its captions.
  private static func captioned(_ content: ReportContent.CaptionedClip) -> Markup {
    let said = content.sentences.map { DataTable.Row([$0.row, $0.text]) }
    let written = content.references.map { DataTable.Row(["reference", $0], style: "reference") }
    let table = DataTable(
      title: content.clip.id, heading: ["row", "sentence"], rows: said + written, cells: .sentence)
    return .element(
      "div", [("class", "columns")],
      [.element("div", [("class", "clip")], DataSection.clip(content.clip, id: nil)), table.markup])
  }
}

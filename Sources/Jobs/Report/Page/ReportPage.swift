import Basics

/// The report as one self-contained page: it needs no network and no other files.
package enum ReportPage {
  /// - Parameter state: identifies the content, for a served page that reloads itself when it changes; nil for a file.
  package static func html(_ content: ReportContent, state: String? = nil) -> String {
    let sections: [(id: String, name: String, body: [Markup])] = [
      ("data", "Data", DataSection.body(content.data)), ("graph", "Stages", graph(content.graph)),
      ("training", "Training", training(content.training)),
      ("held", "Held-out clips", HeldSection.body(content.held)),
      ("evaluation", "Evaluation", EvaluationSection.body(content.evaluations)),
      ("again", "Reproduce", again(content)),
    ]
    let heading =
      [
        Markup.element("h1", text: content.title)
      ] + HeadlineSection.body(content.headline) + [facts(content.facts)]
      + content.notes.map { .element("p", [("class", "note")], text: $0) }
    return Page.html(title: content.title, heading: heading, sections: sections, state: state)
  }

  static func facts(_ facts: [(name: String, value: String)]) -> Markup {
    facts.isEmpty
      ? .text("")
      : .element(
        "dl", [("class", "facts")],
        facts.flatMap { [.element("dt", text: $0.name), .element("dd", text: $0.value)] })
  }

  private static func graph(_ graph: ReportContent.GraphPart) -> [Markup] {
    [GraphPlot(graph: graph).markup] + (graph.work.map { [$0.markup] } ?? [])
  }

  private static func training(_ parts: [ReportContent.TrainingPart]) -> [Markup] {
    guard !parts.isEmpty else { return [.element("p", [("class", "empty")], text: "Nothing was trained yet.")] }
    return parts.flatMap { part in
      [
        Markup.element("h3", text: "Run \(part.run)"), facts(part.facts),
        .element("div", [("class", "columns")], part.plots.map(\.markup)),
      ]
    }
  }

  private static func command(_ text: String, place: Int) -> Markup {
    .element(
      "div", [("class", "command")],
      [
        .element("pre", [("id", "command-\(place)")], [.element("code", text: text)]),
        .element(
          "button", [("type", "button"), ("data-copy", "command-\(place)"), ("aria-label", "Copy: \(text)")],
          text: "Copy"),
      ])
  }

  private static func again(_ content: ReportContent) -> [Markup] {
    [
      .element("p", text: content.commandsNote),
      .element("div", [], content.commands.enumerated().map { command($1, place: $0) }),
      DataTable(
        title: "Digests and versions", heading: ["of", "value"],
        rows: content.digests.map { DataTable.Row([$0.name, $0.value]) }, cells: .code
      ).markup,
    ]
  }
}

/// The parts that every page has.
enum Page {
  /// One style and one script, allowed by their digests: whatever text a page shows, no other script runs and nothing
  /// is fetched.
  static func html(
    title: String, heading: [Markup], sections: [(id: String, name: String, body: [Markup])], state: String?
  ) -> String {
    let digest = Base64.text(Digest(of: "\(Script.text)").bytes)
    let policy =
      "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; script-src 'sha256-\(digest)'; base-uri 'none'; form-action 'none'"
      + (state == nil ? "" : "; connect-src 'self'")
    let head = Markup.element(
      "head", [],
      [
        .void("meta", [("charset", "utf-8")]),
        .void("meta", [("http-equiv", "Content-Security-Policy"), ("content", policy)]),
        .void("meta", [("name", "viewport"), ("content", "width=device-width,initial-scale=1")]),
        .void("link", [("rel", "icon"), ("href", "data:,")]),
        .element("title", text: title), .element("style", [], [Style.sheet]),
      ])
    let navigation = Markup.element(
      "nav", [("aria-label", "Sections")],
      [
        .element(
          "ul", [],
          sections.map { section in
            .element("li", [], [.element("a", [("href", "#\(section.id)")], text: section.name)])
          })
      ])
    let main = Markup.element(
      "main", [("id", "content")],
      sections.map { section in
        .element(
          "section", [("id", section.id), ("aria-labelledby", "\(section.id)-heading")],
          [.element("h2", [("id", "\(section.id)-heading")], text: section.name)] + section.body)
      })
    let body = Markup.element(
      "body", [],
      [
        .element("a", [("class", "skip"), ("href", "#content")], text: "Skip to the content"),
        .element("header", [], heading), navigation, main,
        .element("script", [], [.constant(Script.text)]),
      ])
    let root = Markup.element(
      "html", [("lang", "en")] + (state.map { [("data-state", $0)] } ?? []), [head, body])
    return "<!doctype html>\n\(root.html)\n"
  }
}

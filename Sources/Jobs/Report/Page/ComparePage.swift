import Basics

/// Two runs side by side, as plain values.
package struct CompareContent: Sendable {
  package var first: String
  package var second: String
  /// Differences in parameters, data and tools, each with both values.
  package var differences: [DataTable]
  package var curves: [LinePlot]
  package var scores: [DataTable]

  package init(first: String, second: String, differences: [DataTable], curves: [LinePlot], scores: [DataTable]) {
    (self.first, self.second) = (first, second)
    (self.differences, self.curves, self.scores) = (differences, curves, scores)
  }
}

/// The comparison as one self-contained page.
package enum ComparePage {
  package static func html(_ content: CompareContent) -> String {
    let nothing = { (text: String) in Markup.element("p", [("class", "empty")], text: text) }
    return Page.html(
      title: "\(content.first) against \(content.second)",
      heading: [.element("h1", text: "\(content.first) against \(content.second)")],
      sections: [
        (
          "differences", "What differs",
          content.differences.isEmpty
            ? [nothing("Parameters, data and tools are the same.")] : content.differences.map(\.markup)
        ), ("curves", "Curves", [.element("div", [("class", "columns")], content.curves.map(\.markup))]),
        (
          "scores", "Scores",
          content.scores.isEmpty
            ? [nothing("The two runs have no evaluation in common.")] : content.scores.map(\.markup)
        ),
      ], state: nil)
  }
}

/// A diagram of the stages and the data between them, with facts about each.
package struct StageDiagram: Sendable {
  package struct Node: Sendable {
    package var name: String
    /// Whether it is data (files and directories) instead of work.
    package var isData: Bool
    package var count: String?

    package init(_ name: String, isData: Bool = false, count: String? = nil) {
      (self.name, self.isData, self.count) = (name, isData, count)
    }
  }

  package var nodes: [Node] = []
  package var edges: [(from: String, to: String)] = []

  package init() {}

  package var dot: String {
    var lines = ["digraph pipeline {", "  rankdir=LR;", "  node [fontname=\"sans-serif\"];"]
    for node in nodes {
      let label = node.name + (node.count.map { "\\n\($0)" } ?? "")
      lines.append("  \"\(node.name)\" [label=\"\(label)\", shape=\(node.isData ? "folder" : "box")];")
    }
    lines += edges.map { "  \"\($0.from)\" -> \"\($0.to)\";" }
    return (lines + ["}"]).joined(separator: "\n")
  }

  package var mermaid: String {
    var lines = ["flowchart LR"]
    for node in nodes {
      let label = node.name + (node.count.map { "<br/>\($0)" } ?? "")
      lines.append("  \(node.name)\(node.isData ? "[(\"\(label)\")]" : "[\"\(label)\"]")")
    }
    lines += edges.map { "  \($0.from) --> \($0.to)" }
    return lines.joined(separator: "\n")
  }
}

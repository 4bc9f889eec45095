import Basics
import Corpus
import Shards
import StageGraph

/// The stages from files to weights, with what is known of each: for people to look at.
package struct StageDiagram: Sendable {
  package struct Node: Sendable {
    package var name: String
    /// Files and folders, rather than work.
    package var isData = false
    package var count: String?
  }

  package private(set) var nodes: [Node] = []
  package private(set) var edges: [(from: String, to: String)] = []

  /// - Parameter catalog: nil where nothing was done yet.
  package init(_ settings: PrepareSettings, _ catalog: Catalog?) throws {
    let counts = try catalog?.actionCounts() ?? [:]
    let clips = try catalog?.verdictCounts().values.reduce(0, +)
    nodes.append(Node(name: "videos", isData: true, count: clips.map { "\($0) clips" }))
    let wanted = BuiltInStages.filter { $0.isWanted(settings) }
    if !settings.embeddings.isEmpty { nodes.append(Node(name: "embeddings", isData: true)) }
    guard let probe = Self.probe else { return }
    for stage in wanted {
      nodes.append(Node(name: stage.name, count: counts[stage.name].map { "\($0) done" }))
      var sources: Set<String> = []
      for element in stage.inputs(probe, settings).elements {
        switch element.input {
        case .output(let id, _): sources.insert(id.stage)
        case .digest:
          if let data = ["source": "videos", "vectors": "embeddings"][element.name] { sources.insert(data) }
        }
      }
      edges += sources.sorted().map { ($0, stage.name) }
    }
    let shards = (try? TrainingSet(folder: settings.shards))?.shards.values.reduce(0) { $0 + $1.count }
    let runs = try catalog?.runs().count ?? 0
    nodes.append(Node(name: TrainingShards.stage.name, count: shards.map { "\($0) shards" }))
    nodes.append(Node(name: "distill", count: runs == 0 ? nil : "\(runs) runs"))
    nodes.append(Node(name: "export"))
    // What the shards are made of: sound and vectors, as the stages' outputs.
    for stage in [ExtractSound.name, SelectVectors.name] where wanted.contains(where: { $0.name == stage }) {
      edges.append((stage, TrainingShards.stage.name))
    }
    edges += [(TrainingShards.stage.name, "distill"), ("distill", "export")]
  }

  /// A clip that every stage has something to do for.
  private static let probe: PreparedClip? = {
    let clips = ClipList(files: [SourceFile(path: "clip.mp4", name: "clip.mp4")], manifest: nil)
    guard let candidate = clips.candidates.first, let id = candidate.id else { return nil }
    var clip = PreparedClip(candidate, id, source: Digest(of: ""))
    let none = Digest(of: "")
    clip.vectors = PreparedClip.Vectors(place: 0, areOfClip: false, digest: none, description: none)
    return clip
  }()

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

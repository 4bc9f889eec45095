import Basics
import Corpus
import Media
import Shards
import StageGraph

extension StageDiagram {
  /// The stages from files to weights.
  /// - Parameter catalog: nil when nothing was done yet.
  package init(_ settings: PrepareSettings, _ catalog: Catalog?) throws {
    try self.init(settings, stages: settings.stages, catalog)
  }

  private init(_ settings: PrepareSettings, stages: [any ClipStage.Type], _ catalog: Catalog?) throws {
    self.init()
    let counts = try catalog?.actionCounts() ?? [:]
    let clips = try catalog.map { ClipCounts(try ClipVerdict.all($0)).clips }
    nodes.append(Node("videos", isData: true, count: clips.map { counted($0, "clip") }))
    if stages.contains(where: { $0.name == SelectEmbeddings.name }) { nodes.append(Node("embeddings", isData: true)) }
    guard let probe = Self.probe else { return }
    for stage in stages {
      nodes.append(Node(stage.name, count: counts[stage.name].map { "\($0) done" }))
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
    let shards = (try? TrainingSet(directory: settings.shards))?.shards.values.reduce(0) { $0 + $1.count }
    let runs = try catalog?.runs().count ?? 0
    nodes.append(Node(TrainingShards.stage.name, count: shards.map { counted($0, "shard") }))
    nodes.append(Node("distill", count: runs == 0 ? nil : counted(runs, "run")))
    nodes.append(Node("export"))
    // Shards are made from the outputs of these stages: audio and embeddings.
    for stage in [ExtractAudio.name, SelectEmbeddings.name, EmbedFrames.name]
    where stages.contains(where: { $0.name == stage }) {
      edges.append((stage, TrainingShards.stage.name))
    }
    edges += [(TrainingShards.stage.name, "distill"), ("distill", "export")]
  }

  /// An example clip that every stage applies to.
  private static let probe: PreparedClip? = {
    let clips = ClipList(files: [SourceFile(path: "clip.mp4", name: "clip.mp4")], manifest: nil)
    guard let candidate = clips.candidates.first, let id = candidate.id else { return nil }
    var clip = PreparedClip(candidate, id, seconds: ClipLength.usual, source: Digest(of: ""))
    let none = Digest(of: "")
    clip.embeddings = PreparedClip.Embeddings(place: 0, areOfClip: false, digest: none, description: none)
    return clip
  }()

  /// The stages that have run in the workspace; when none has, those from files of embeddings to shards.
  package init(shards: String, _ catalog: Catalog?) throws {
    let counts = try catalog?.actionCounts() ?? [:]
    var settings = PrepareSettings()
    settings.shards = shards
    if counts[ExtractFrames.name] != nil { settings.frames = try FrameRate("1") }
    let ran = builtInStages.filter { counts[$0.name] != nil }
    try self.init(settings, stages: ran.isEmpty ? [ExtractAudio.self, SelectEmbeddings.self] : ran, catalog)
  }
}

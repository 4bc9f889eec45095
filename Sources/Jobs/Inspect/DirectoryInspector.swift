import Basics
import Corpus
import Runs
import Shards
import StageGraph

/// A directory: what it is used for by this tool.
enum DirectoryInspector: Inspector {
  static let kind = "directory"

  static func recognizes(_ path: String) -> Bool { Files.isDirectory(path) }

  static func inspect(_ path: String, _ context: InspectionContext) throws -> Inspection {
    var inspection = Inspection()
    if Files.exists("\(path)/run.json") { return try RunFacts.inspection(path) }
    if Files.exists("\(path)/catalog.sqlite") { return try workspace(path) }
    if let shards = try? TrainingSet(directory: path) { return try self.shards(path, shards) }
    let runs = RunList(path)
    if !runs.runs.isEmpty {
      inspection.kind = "directory of runs"
      inspection.sections = runs.runs.map { run in
        .init(
          "run \(run.title)", [("trained last", TrainedTime.text(run.trained)), ("steps", "\(RunSummary(run).steps)")])
      }
      inspection.suggest("runs", "--runs", path)
      inspection.suggest("report")
      return inspection
    }
    let clips = try? SourceFiles([path])
    if let clips, !clips.files.isEmpty {
      inspection.kind = "directory of clips"
      inspection.sections = [
        .init(
          "clips",
          [
            ("files that may hold clips", "\(clips.files.count)"),
            ("files that hold none", "\(clips.ignored.names.count)"),
            ("the first", clips.files[0].name),
          ])
      ]
      inspection.suggest("prepare", path, "--dry-run")
      inspection.suggest("embed", path, "--out", "embeddings.npy")
      return inspection
    }
    if let statistics = try? EmbeddingStatistics(path), let section = statistics.section {
      inspection.kind = "directory of embeddings"
      (inspection.sections, inspection.warnings) = ([section], statistics.warnings)
      inspection.suggestUses(ofEmbeddings: path)
      return inspection
    }
    let names = try Files.names(in: path)
    inspection.sections = [.init("directory", [("entries", "\(names.count)")])]
    inspection.warnings = ["nothing in it that this tool reads or writes"]
    return inspection
  }

  private static func workspace(_ path: String) throws -> Inspection {
    var inspection = Inspection()
    inspection.kind = "workspace"
    let catalog = try Catalog.reader(path)
    let bytes = try catalog.storedBytes()
    inspection.sections = [
      .init(
        "workspace",
        [("stored", byteText(bytes)), ("shards", try catalog.directory(of: .shards) ?? "none yet")]
          + (try catalog.actionCounts()).sorted { $0.key < $1.key }.map { (key: $0.key, value: "\($0.value) done") })
    ]
    for command in ["status", "verify", "gc"] { inspection.suggest(command, "--workspace", path) }
    return inspection
  }

  private static func shards(_ path: String, _ set: TrainingSet) throws -> Inspection {
    var inspection = Inspection()
    inspection.kind = "training shards"
    var statistics = EmbeddingStatistics()
    for split in set.splits {
      let samples = try set.samples(split)
      for place in 0..<samples.count {
        if Interruption.isRequested { throw Interruption.failure }
        try statistics.add(samples.clip(place), key: samples.id(place).text)
      }
      inspection.sections.append(
        .init(split.rawValue, [("clips", "\(samples.count)"), ("shards", "\(set.shards[split]?.count ?? 0)")]))
    }
    if let section = statistics.section { inspection.sections.append(section) }
    inspection.warnings = statistics.warnings
    for command in ["distill", "verify"] { inspection.suggest(command, "--shards", path) }
    return inspection
  }
}

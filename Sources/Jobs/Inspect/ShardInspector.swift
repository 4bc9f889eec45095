import Basics
import Corpus
import Shards
import Tar

/// A tar of samples: a training shard, frames, or clips and embeddings of other tools.
enum ShardInspector: Inspector {
  static let kind = "tar of samples"

  static func recognizes(_ path: String) -> Bool { Files.ending(Files.name(path)) == "tar" && !Files.isDirectory(path) }

  static func inspect(_ path: String, _ context: InspectionContext) throws -> Inspection {
    var inspection = Inspection()
    let contents = try EmbeddingFormats.contents(path)
    inspection.entries = contents?.entries ?? []
    let samples = try TarSample.group(TarFile.members(path), path: path)
    let endings = Dictionary(grouping: samples.flatMap { $0.members.map(\.extension) }, by: { $0 }).mapValues(\.count)
    let parts = endings.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) .\($0.key)" }
    var facts = [("samples", "\(samples.count)"), ("members", parts.joined(separator: ", "))]
    if endings["clip.npy"] != nil, endings["flac"] != nil {
      inspection.kind = "training shard"
      try addTraining(path, &inspection, &facts)
    } else if endings["npy"] != nil {
      inspection.kind = "embeddings in a WebDataset tar"
      if let section = try EmbeddingStatistics(path).section { inspection.sections.append(section) }
      inspection.suggestUses(ofEmbeddings: path)
    } else if endings.keys.contains(where: { MediaKind.of(name: "x.\($0)") == .media }) {
      inspection.kind = "clips in a WebDataset tar"
      inspection.suggest("prepare", path)
    } else if endings["jpg"] != nil {
      inspection.kind = "frames in a WebDataset tar"
    }
    try inspection.addFile(path, facts.map { (key: $0.0, value: $0.1) })
    return inspection
  }

  private static func addTraining(
    _ path: String, _ inspection: inout Inspection, _ facts: inout [(String, String)]
  ) throws {
    struct Record: Decodable {
      var duration: Double?
      var label: String?
    }
    let reader = try TrainingShardReader(path)
    var (seconds, labels, statistics) = (0.0, Set<String>(), EmbeddingStatistics())
    for place in reader.samples.indices {
      let record = try CanonicalJSON.decode(Record.self, from: Array(reader.bytes(place, .record)), source: path)
      seconds += record.duration ?? 0
      if let label = record.label { labels.insert(label) }
      try statistics.add(reader.clip(place), key: reader.samples[place].id.text)
    }
    facts += [("seconds of audio", "\(Int(seconds.rounded()))"), ("labels", "\(labels.count)")]
    if let section = statistics.section { inspection.sections.append(section) }
    inspection.warnings += statistics.warnings
    let directory = Files.parent(path)
    for command in ["distill", "verify"] { inspection.suggest(command, "--shards", directory) }
  }
}

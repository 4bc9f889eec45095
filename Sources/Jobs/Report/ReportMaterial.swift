import Basics
import Corpus
import Evaluation
import Foundation
import Runs
import Shards
import StageGraph
import Training

/// Collects what a report shows from the workspace, the shards and the runs. Only reads; takes no lock.
///
/// Held-out clips are embedded again only when the weights or the shards have changed, and shards are hashed only when
/// they have changed, so that a page can be served during training.
final class ReportMaterial {
  private let settings: ReportSettings
  private let open: () throws -> any PreparedData
  private var held: (weights: Digest, shards: Digest, part: ReportContent.HeldPart)?
  private var data: (shards: Digest, content: TrainingData?)?
  /// The digests of files for the last page.
  private var known: [String: (file: FileIdentity, digest: Digest)] = [:]

  /// - Parameter prepared: the results of `prepare` in the workspace, read again for each page.
  init(_ settings: ReportSettings, prepared: @escaping () throws -> any PreparedData) {
    (self.settings, open) = (settings, prepared)
  }

  /// - Throws: `report.nothing` when there is neither a workspace, nor shards, nor a run.
  func content(_ progress: WorkReport = { _ in }) throws -> ReportContent {
    let prepared = try open()
    let directory = try settings.shards ?? prepared.shards()
    let shards = try? TrainingSet(directory: directory)
    let list = RunList(settings.runs)
    guard prepared.catalog != nil || shards != nil || !list.runs.isEmpty else {
      throw Failure.nothingToReport(settings.workspace)
    }
    let clips = ReportClips(prepared, shards: shards)
    let chosen = try chosenRun(list)
    var content = ReportContent(title: chosen.map { "Run \($0.title)" } ?? "Training data in \(directory)")
    content.data = try Self.data(prepared.verdicts(), clips, shards, gallery: settings.gallery)
    content.graph = try Self.graph(prepared, directory, runs: list.runs.count)
    content.training = chosen.map { [Self.training($0)] } ?? []
    (content.held, content.notes) = heldPart(directory, shards, clips, progress)
    content.evaluations = try chosen.map { try ReportEvaluations.parts($0.directory, clips) } ?? []
    content.headline = try chosen.map(ReportHeadline.part)
    content.facts = Self.facts(shards)
    let now = shards.flatMap { trainingData($0, prepared.catalog) }
    let again = ReportReproduction(chosen, data: now, shards: directory, workspace: settings.workspace)
    (content.commands, content.commandsNote) = (again.commands, again.note)
    content.digests = try digests(chosen, shards, now)
    return content
  }

  /// A digest of the files' metadata, which changes when the page would.
  var state: String {
    var paths = [settings.runs, "\(settings.workspace)/catalog.sqlite", "\(settings.workspace)/catalog.sqlite-wal"]
    paths.append(settings.shards ?? "shards")
    return DirectoryListing(paths).digest.short
  }

  private func chosenRun(_ list: RunList) throws -> RunDirectory? {
    if settings.run == nil, list.runs.isEmpty { return nil }
    return try RunDirectory(list.chosen(settings.run).directory)
  }

  // MARK: Data

  private static func data(
    _ verdicts: [ClipVerdict], _ clips: ReportClips, _ shards: TrainingSet?, gallery: Int
  ) -> ReportContent.DataPart {
    var part = ReportContent.DataPart()
    let counts = ClipCounts(verdicts)
    part.states = [
      ("kept", counts.kept), ("kept with a warning", counts.warned), ("left out", counts.leftOut),
      ("rows or files without the other", counts.unmatched),
    ].filter { $0.1 > 0 }.map { Bars.Bar($0.0, $0.1) }
    part.reasons = ReasonCount.rows(verdicts).map {
      Bars.Bar("\($0.reason) (\($0.title))", $0.count, note: "for example \($0.example)")
    }
    for split in shards?.splits ?? [] {
      let count = (try? shards?.samples(split).count) ?? 0
      part.splits.append(Bars.Bar(split.rawValue, count))
    }
    var (labels, durations) = ([String: Int](), [Int](repeating: 0, count: 10))
    clips.forEachRecord { record in
      if let label = record.label { labels[label, default: 0] += 1 }
      if let seconds = record.duration, seconds.isFinite {
        // Clamped before conversion to an integer: a record may contain any value.
        durations[Int(min(10, max(1, seconds.rounded(.up)))) - 1] += 1
      }
    }
    part.labels = labels.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { Bars.Bar($0.key, $0.value) }
    part.durations = durations.enumerated().filter { $0.element > 0 }.map {
      Bars.Bar("over \($0.offset) to \($0.offset + 1) s", $0.element)
    }
    part.gallery = choose(verdicts, shards, gallery).map {
      clips.clip($0.id, marks: $0.findings.map(\.code.rawValue), isLeftOut: $0.state == .leftOut)
    }
    return part
  }

  /// Clips evenly spread over all that are kept, then up to two still and two silent ones.
  private static func choose(_ verdicts: [ClipVerdict], _ shards: TrainingSet?, _ count: Int) -> [ClipVerdict] {
    let marked = [ReasonCode.videoStill, .audioSilent].flatMap { code in
      verdicts.filter { verdict in verdict.findings.contains { $0.code == code } }.prefix(2)
    }
    var kept = verdicts.filter { verdict in verdict.state == .kept && !marked.contains(verdict) }
    if verdicts.isEmpty, let split = shards?.splits.first, let samples = try? shards?.samples(split) {
      kept = (0..<samples.count).map {
        ClipVerdict(id: samples.id($0).text, file: "", state: .kept, findings: [], split: split)
      }
    }
    let wanted = max(0, count - marked.count)
    let spread = kept.count <= wanted ? kept : (0..<wanted).map { kept[$0 * kept.count / wanted] }
    return spread + marked
  }

  private static func graph(
    _ prepared: any PreparedData, _ shards: String, runs: Int
  ) throws -> ReportContent.GraphPart {
    var part = ReportContent.GraphPart()
    let diagram = try prepared.diagram(shards: shards).with(runs: runs)
    part.nodes = diagram.nodes.map { .init($0.name, isData: $0.isData, count: $0.count ?? "") }
    part.edges = diagram.edges
    if let times = try prepared.work() {
      part.work = DataTable(
        title: "The last prepare in which something ran",
        heading: ["stage", "ran", "from the remote cache", "was cached", "seconds of work"],
        rows: times.rows.map {
          let seconds = String(format: "%.1f", $0.seconds)
          return DataTable.Row([$0.stage, "\($0.ran)", "\($0.fetched)", "\($0.upToDate)", seconds])
        })
    }
    return part
  }

  // MARK: Runs

  private static func training(_ run: RunDirectory) -> ReportContent.TrainingPart {
    var part = ReportContent.TrainingPart(run: run.title)
    part.plots = run.plots(named: nil)
    let c = run.description.configuration
    part.facts = [
      ("loss", c.loss),
      (
        "clips",
        run.description.clips.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
      ),
      ("epochs", "\((run.epochs.map(\.epoch).max() ?? -1) + 1)"), ("steps", "\(run.steps.last?.step ?? 0)"),
      ("batch", "\(c.batchSize)"),
      ("learning rate", "\(c.learningRate), \(c.schedule)"),
      ("teacher", run.description.teacher ?? "not stated"),
    ]
    if c.initialWeights != nil { part.facts.append(("starts from", run.description.start)) }
    if c.shuffleTeacher { part.facts.append(("control", "every clip's audio had another clip's embeddings")) }
    part.facts += TrainingCost(run)?.facts ?? []
    return part
  }

  private func heldPart(_ directory: String, _ shards: TrainingSet?, _ clips: ReportClips, _ progress: WorkReport)
    -> (ReportContent.HeldPart?, [String])
  {
    guard shards != nil else { return (nil, []) }
    do {
      let student = try EvaluatedModel.open(
        run: settings.run, runs: settings.runs)
      let state = DirectoryListing([directory]).digest
      if let held, held.weights == student.digest, held.shards == state { return (held.part, []) }
      let part = try ReportHeld.part(
        directory, student, clips, most: settings.mostHeld, threads: settings.threads, progress: progress)
      held = (student.digest, state, part)
      return (part, [])
    } catch let failure as Failure {
      // Not an error: there may be no weights yet, or no held-out clips.
      return (nil, ["Held-out clips are not shown: \(failure.what)\(failure.subject.map { ": \($0)" } ?? "")."])
    } catch {
      return (nil, ["Held-out clips are not shown: \(error)."])
    }
  }

  private static func facts(_ shards: TrainingSet?) -> [(name: String, value: String)] {
    guard let shards else { return [] }
    let counts = shards.splits.compactMap { split in
      (try? shards.samples(split).count).map { "\($0) \(split.rawValue)" }
    }
    return [("clips in the shards", counts.joined(separator: ", "))]
  }

  /// The data in the shards; nil when there is nothing to train on. Read again only when the shards have changed.
  private func trainingData(_ shards: TrainingSet, _ catalog: Catalog?) -> TrainingData? {
    let state = DirectoryListing([shards.directory]).digest
    if let data, data.shards == state { return data.content }
    let cache = catalog.flatMap { try? FileDigestCache($0, below: shards.directory) }
    let content = try? TrainingData(directory: shards.directory, cache: cache)
    data = (state, content)
    return content
  }

  private func digests(
    _ run: RunDirectory?, _ shards: TrainingSet?, _ data: TrainingData?
  ) throws -> [(name: String, value: String)] {
    var digests: [(name: String, value: String)] = []
    if let run {
      digests.append(("run identity", run.description.identity.hex))
      digests.append(("training data", run.description.data.hex))
      if let data, data.digest != run.description.data { digests.append(("data in the shards now", data.digest.hex)) }
      if let step = run.checkpoints.steps.last { digests.append(("last checkpoint", "step \(step)")) }
      digests += run.description.toolchain.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
    let names = shards.map { set in set.splits.flatMap { (set.shards[$0] ?? []).prefix(8) } } ?? []
    let before = known
    known = [:]
    for name in names {
      let path = "\(shards?.directory ?? "")/\(name)"
      let file = try Files.identity(path)
      let digest = try before[path].flatMap { $0.file == file ? $0.digest : nil } ?? Digest.ofFile(path)
      known[path] = (file, digest)
      digests.append((name, digest.hex))
    }
    return digests
  }
}

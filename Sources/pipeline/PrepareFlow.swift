import Basics
import Corpus
import Prepare
import StageGraph
import Training

/// Runs `prepare` for the command line: prints the job's events, then the summary as a table and a last line, and sets
/// the exit status.
struct PrepareFlow {
  let settings: PrepareSettings
  let common: CommonOptions
  /// Whether to stop once the frames are written, before making pairs.
  var framesOnly = false
  /// Whether to name the command that follows.
  var namesNext = false

  private var job: PrepareJob { PrepareJob(settings, framesOnly: framesOnly) }

  func run() throws {
    if common.dryRun {
      _ = try plan()
      return
    }
    Progress.begin("looking at the files of clips")
    let console = PrepareConsole(explains: common.explain)
    let summary = try job.run(console.tell)
    if summary.ending != .frames { show(summary) }
    if let failure = summary.failure(settings) { throw failure }
  }

  /// Reports what would be done.
  /// - Returns: whether anything would be done.
  func plan() throws -> Bool { try job.plan(PrepareConsole(explains: common.explain).tell) }

  // MARK: The end

  private func show(_ summary: PreparedSummary) {
    PrepareReport.show(summary.rows)
    switch summary.ending {
    case .shards: showPairs(summary)
    case .withoutEmbeddings: showKept(summary)
    case .part: showPart(summary)
    case .withoutPairs, .frames: break
    }
  }

  private func showPairs(_ summary: PreparedSummary) {
    let splits = Split.allCases.compactMap { split in
      summary.splits[split.rawValue].map { "\($0) \(split.rawValue)" }
    }.joined(separator: ", ")
    let work = summary.work
    // `sealed` was reported by the first version for runs that examined nothing; now every run examines everything.
    Console.event(
      "prepared",
      [
        "pairs": summary.pairs, "leftOut": summary.leftOut, "decoded": work.decoded, "fetched": work.fetched,
        "shards": summary.shards, "written": work.written, "sealed": false,
      ])
    Console.say(summary.splitLine)
    Console.say(
      "\(settings.shards): \(counted(summary.pairs, "pair")) (\(splits)) in \(counted(summary.shards, "shard")); \(Self.words(work))"
    )
    if namesNext { Console.next(["distill"] + distillOptions(clips: summary.splits[Split.train.rawValue] ?? 0)) }
  }

  /// What `distill` needs for these shards.
  private func distillOptions(clips: Int) -> [String] {
    let isShort = TrainingConfiguration().shortage(of: clips) != nil
    let batch = isShort ? TrainingConfiguration.smallBatch(of: clips).map { ["--batch-size", "\($0)"] } : nil
    return (batch ?? []) + (settings.shards == PrepareSettings().shards ? [] : ["--shards", settings.shards])
  }

  /// The summary when there is nothing to pair audio clips with.
  private func showKept(_ summary: PreparedSummary) {
    let work = summary.work
    Console.event(
      "prepared",
      [
        "pairs": 0, "kept": summary.kept, "leftOut": summary.leftOut, "decoded": work.decoded,
        "fetched": work.fetched, "shards": 0, "written": 0, "sealed": false,
      ])
    Console.say(
      "\(summary.kept) of \(summary.clips) clips are kept in \(settings.workspace); \(Self.words(work))")
    if let failure = summary.tooManyLeftOut(settings) { Console.warn("\(failure)") }
  }

  /// The summary of a part. Its clips are counted by file, before duplicates are known.
  private func showPart(_ summary: PreparedSummary) {
    guard let part = settings.part, let cache = settings.remoteCache else { return }
    let work = summary.work
    Console.event(
      "part-prepared",
      [
        "part": part.index, "of": part.count, "clips": summary.clips, "decoded": work.decoded, "fetched": work.fetched,
        "unsettled": summary.unsettled,
      ])
    let again = summary.unsettled > 0 ? ", \(summary.unsettled) are left to the last prepare" : ""
    Console.say(
      "part \(part): \(summary.clips) clips, \(work.decoded) decoded, \(work.fetched) were there\(again); \(cache.name) has them"
    )
    Console.note("once all parts have ended: the same command without --part writes the shards")
  }

  private static func words(_ work: PreparedSummary.Work) -> String {
    if work.decoded == 0, work.fetched == 0, work.embedded == 0, !work.isRenewed { return "up to date" }
    let remote = work.fetched > 0 ? "\(work.fetched) from the remote cache, " : ""
    let embedded = work.embedded > 0 ? "\(work.embedded) embedded, " : ""
    return "\(counted(work.decoded, "clip")) decoded, \(remote)\(embedded)\(counted(work.written, "shard")) written"
  }
}

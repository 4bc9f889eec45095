import Basics
import Corpus
import Foundation
import RemoteCache
import Shards
import StageGraph
import Stages
import Synchronization

/// `prepare` from survey to summary, with what a person or a machine sees of it.
struct PrepareFlow {
  let settings: PrepareSettings
  let common: CommonOptions
  /// Ends once the frames are written, before anything is said of pairs.
  var framesOnly = false

  func run() throws {
    if common.dryRun {
      _ = try plan()
      return
    }
    let catalog = try Catalog.writer(settings.workspace)
    if let upgrade = catalog.upgrade { Console.note(upgrade) }
    let store = try ArtifactStore(catalog)
    let seal = try PreparationSeal(settings, catalog)
    if settings.framesOut == nil, !framesOnly, let summary = try seal.summary() {
      summary.warnings.forEach(Console.warn)
      summary.notes.forEach(Console.note)
      return try finish(summary, Work(), sealed: true)
    }
    try PreparationSeal.remove(from: catalog)
    try GarbageRule.prepareBegins(catalog)
    var preparation = try survey(catalog)
    Memory.returnFreed()
    var summary = report(preparation)
    let plan = try preparation.plan(try store.history(), retrying: try retrying(preparation, catalog))
    if common.explain { explain(plan) }
    let outcome = try execute(preparation, plan, store)
    preparation.forgetVectors()
    Memory.returnFreed()
    let known = try catalog.itemMemos()
    let prepared = try PreparedPairs(preparation, outcome, known: known)
    if let rate = settings.frames, settings.framesOut != nil {
      try publishFrames(FrameShards.sets(preparation, prepared, outcome, rate: rate), catalog, store)
    }
    if framesOnly { return }
    try remember(VerdictItems(prepared, known: known), catalog)
    prepared.notes.forEach(Console.note)
    summary.notes += prepared.notes
    summary.add(prepared)
    if settings.embeddings.isEmpty {
      try finishWithoutVectors(summary, prepared, Work(outcome, written: 0, isRenewed: false))
    }
    guard !prepared.pairs.isEmpty else {
      PrepareReport.show(summary.rows)
      throw Failure.noPairs(prepared.leftOut)
    }
    let shards = seal.shards()
    let publisher = try ShardPublisher(
      try TrainingShards.sets(prepared), folder: settings.shards, target: settings.shardTarget, catalog: catalog,
      threads: settings.jobs, writing: true)
    summary.shards = publisher.jobs.count
    let wasUpToDate = publisher.isUpToDate
    if wasUpToDate, !prepared.isPassing, settings.framesOut == nil { try seal.keep(summary, shards: shards) }
    if !wasUpToDate { try publish(publisher, store) }
    if prepared.isPassing {
      Console.warn("some clips were left out for reasons that may not hold next time: the shards may then differ")
    }
    try finish(
      summary, Work(outcome, written: wasUpToDate ? 0 : publisher.toWrite.count, isRenewed: !wasUpToDate))
  }

  private func survey(_ catalog: Catalog) throws -> Preparation {
    let memo = try FileMemo(catalog)
    defer { try? memo.save() }
    return try Preparation(settings, memo: memo)
  }

  private func retrying(_ preparation: Preparation, _ catalog: Catalog) throws -> Set<String> {
    let ids = try preparation.retrying(catalog)
    if !settings.retry.isEmpty {
      Console.note("\(ids.count) clips have \(settings.retry.joined(separator: " or ")) and are worked on again")
    }
    return ids
  }

  // MARK: What would be done

  /// Says what would be done.
  /// - Returns: whether anything would.
  func plan() throws -> Bool {
    let catalog = try Catalog.readerIfThere(settings.workspace)
    var preparation = try Preparation(settings, memo: try catalog.map { try FileMemo($0) })
    Memory.returnFreed()
    _ = report(preparation)
    for reason in settings.retry { _ = try VerdictPolicy.known(reason) }
    let retrying = try catalog.map { try self.retrying(preparation, $0) } ?? []
    let plan = try preparation.plan(try catalog.map { try ArtifactStore($0).history() } ?? .empty, retrying: retrying)
    PlanReport.show(plan)
    if settings.remoteCache != nil, !plan.isUpToDate {
      Console.note("a plan does not ask the remote cache: what it has will not run")
    }
    if common.explain { explain(plan) }
    PlanReport.coverage(preparation, plan)
    preparation.forgetVectors()
    Memory.returnFreed()
    if plan.isUpToDate, !settings.embeddings.isEmpty, let catalog {
      let store = try ArtifactStore(catalog)
      let outcome = try Runner(store: store, workers: 1).run(plan) { _, _ in ActionResult() }
      let publisher = try ShardPublisher(
        try TrainingShards.sets(PreparedPairs(preparation, outcome, known: catalog.itemMemos())),
        folder: settings.shards,
        target: settings.shardTarget,
        catalog: catalog, threads: settings.jobs, writing: false)
      PlanReport.shards(publisher)
      if common.explain {
        for job in publisher.toWrite { Console.say("write-shards \(job.name): \(job.reason)") }
      }
      return !publisher.isUpToDate
    } else if !settings.embeddings.isEmpty {
      Console.say("write-shards    after that")
    }
    return true
  }

  private func words(_ reasons: [RebuildReason]) -> String { reasons.map(\.description).joined(separator: "; ") }

  private func explain(_ plan: Plan) {
    for position in plan.positions {
      guard case .run(let reasons) = plan.state(at: position) else { continue }
      let id = plan.actions.id(at: position)
      Console.say("\(id.stage) \(id.subject): \(words(reasons))")
      Console.event(
        "reason",
        ["stage": id.stage, "subject": id.subject, "reasons": reasons.map(\.code), "text": words(reasons)])
    }
  }

  // MARK: Doing it

  /// Tells what the survey found, and keeps it for the summary.
  private func report(_ preparation: Preparation) -> PreparedSummary {
    var summary = PreparedSummary()
    let clips = preparation.clips
    summary.warnings = preparation.refusedVectors.map(\.description)
    if !clips.absent.isEmpty {
      summary.warnings.append("\(clips.absent.count) rows of the manifest have no file (manifest.absent)")
    }
    if !clips.unlisted.isEmpty {
      summary.warnings.append("\(clips.unlisted.count) files are not in the manifest (manifest.unlisted)")
    }
    if settings.frames == nil {
      summary.notes.append(
        "--frames none: no pictures are kept, and nothing checks the picture (video.missing, video.still, audio.video.mismatch)"
      )
    }
    summary.warnings.forEach(Console.warn)
    summary.notes.forEach(Console.note)
    return summary
  }

  private func execute(_ preparation: Preparation, _ plan: Plan, _ store: ArtifactStore) throws -> RunOutcome {
    let tally = ClipTally(preparation, plan)
    let progress = Progress("clips", total: tally.total)
    let isFlagged = common.explain
    let times = StageTimes.Collector()
    let remote = plan.isUpToDate ? nil : remoteCache(preparation)
    defer { if let remote { tell(remote) } }
    let outcome = try preparation.run(plan, store: store, shared: remote) { event in
      times.add(event)
      if tally.add(event) {
        progress.advance(extra: Self.words(tally.leftOut), fields: ["leftOut": tally.leftOut])
      }
      switch event {
      case .finished(let id, _, let seconds, let isFinal):
        Console.event("finished", ["stage": id.stage, "subject": id.subject, "seconds": seconds, "final": isFinal])
      case .fetched(let id, _, _):
        if isFlagged { Console.say("\(id.stage) \(id.subject): came from the remote cache") }
        Console.event("fetched", ["stage": id.stage, "subject": id.subject])
      case .started(let id, let reasons):
        // What ran only because something upstream changed was not in the plan.
        if isFlagged, case .waits? = plan.state(of: id) { Console.say("\(id.stage) \(id.subject): \(words(reasons))") }
      default: break
      }
    }
    try times.keep(plan, in: store.catalog)
    return outcome
  }

  /// `5 left out: 3 clip.short, 2 audio.missing`; the commonest reason first.
  private static func words(_ leftOut: [String: Int]) -> String {
    let reasons = leftOut.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) \($0.key)" }
    let count = leftOut.values.reduce(0, +)
    return reasons.isEmpty ? "" : "\(count) left out: \(reasons.joined(separator: ", "))"
  }

  // MARK: The remote cache

  private func remoteCache(_ preparation: Preparation) -> RemoteCache? {
    settings.remoteCache.map { server in
      if server.isExposed { Console.warn("\(Failure.exposedCredentials(server))") }
      return RemoteCache(server, stages: preparation.sharedStages)
    }
  }

  /// What came of it, and one warning for each kind of trouble.
  private func tell(_ remote: RemoteCache) {
    let tally = remote.tally
    for failure in remote.failures { Console.warn("\(failure)") }
    Console.note(
      "remote cache \(remote.server.name): \(tally.fetched) results came from it, \(tally.kept) went to it")
    Console.event(
      "remote-cache",
      [
        "server": remote.server.name, "fetched": tally.fetched, "missed": tally.missed, "kept": tally.kept,
        "failed": tally.failed,
      ])
  }

  private func remember(_ items: VerdictItems, _ catalog: Catalog) throws {
    try catalog.update(items: items.changed, removing: items.gone)
    try catalog.set(note: PrepareSettings.shardsNote, settings.shards)
    try GarbageRule.prepareHasVerdicts(catalog)
  }

  private func publishFrames(_ sets: ShardSets, _ catalog: Catalog, _ store: ArtifactStore) throws {
    guard let folder = settings.framesOut else { return }
    let publisher = try ShardPublisher(
      sets, folder: folder, target: settings.shardTarget, catalog: catalog, threads: settings.jobs, writing: true)
    let written = publisher.isUpToDate ? nil : publisher.toWrite.count
    try catalog.set(note: PrepareSettings.framesNote, folder)
    if written != nil { try publish(publisher, store, stage: "write-frames") }
    let clips = publisher.jobs.reduce(0) { $0 + $1.clips }
    let state = written.map { "\($0) shards written" } ?? "up to date"
    Console.say("\(folder): frames of \(clips) clips in \(publisher.jobs.count) shards; \(state)")
    Console.event("frames", ["clips": clips, "shards": publisher.jobs.count, "written": written ?? 0])
  }

  private func publish(_ publisher: ShardPublisher, _ store: ArtifactStore, stage: String = "write-shards") throws {
    if common.explain { for job in publisher.toWrite { Console.say("\(stage) \(job.name): \(job.reason)") } }
    let count = publisher.toWrite.count
    let progress = Progress("shards", total: count)
    try publisher.publish(store) { job in
      progress.advance()
      Console.event("shard", ["name": job.name, "samples": job.clips, "of": count])
    }
  }

  /// What had to be done.
  private struct Work {
    /// Clips.
    var decoded = 0
    /// Clips of which nothing was decoded and something came from the remote cache.
    var fetched = 0
    /// Shards.
    var written = 0
    /// Whether the shards are not the ones that were there.
    var isRenewed = false

    init() {}

    init(_ outcome: RunOutcome, written: Int, isRenewed: Bool) {
      let decoded = Set(outcome.ran.filter { $0.stage.hasPrefix("extract-") }.map(\.subject))
      self.decoded = decoded.count
      fetched = Set(outcome.fetched.map(\.subject)).subtracting(decoded).count
      (self.written, self.isRenewed) = (written, isRenewed)
    }

    var words: String {
      if decoded == 0, fetched == 0, !isRenewed { return "up to date" }
      let remote = fetched > 0 ? "\(fetched) from the remote cache, " : ""
      return "\(decoded) clips decoded, \(remote)\(written) shards written"
    }
  }

  /// The same where there is nothing to pair sounds with.
  private func finishWithoutVectors(_ summary: PreparedSummary, _ prepared: PreparedPairs, _ work: Work) throws -> Never
  {
    PrepareReport.show(summary.rows)
    let clips = prepared.preparation.clips.candidates.count
    let kept = prepared.verdicts.prefix(clips).count { $0.state != .leftOut }
    Console.event(
      "prepared",
      [
        "pairs": 0, "kept": kept, "leftOut": summary.leftOut, "decoded": work.decoded, "fetched": work.fetched,
        "shards": 0, "written": 0, "sealed": false,
      ])
    Console.say("\(kept) of \(clips) clips are kept in \(settings.workspace); \(work.words)")
    if let failure = tooManyLeftOut(summary.leftOut, of: clips) { Console.warn("\(failure)") }
    throw Failure.noVectors
  }

  private func tooManyLeftOut(_ leftOut: Int, of total: Int) -> Failure? {
    guard Double(leftOut) > settings.maxBadFraction * Double(total) else { return nil }
    return Failure.tooManyLeftOut(leftOut, of: total, allowed: settings.maxBadFraction)
  }

  /// The table, the last line, and the exit status. `sealed`: nothing was looked at, since nothing has changed.
  private func finish(_ summary: PreparedSummary, _ work: Work, sealed: Bool = false) throws {
    PrepareReport.show(summary.rows)
    let splits = Split.allCases.compactMap { split in
      summary.splits[split.rawValue].map { "\($0) \(split.rawValue)" }
    }.joined(separator: ", ")
    Console.event(
      "prepared",
      [
        "pairs": summary.pairs, "leftOut": summary.leftOut, "decoded": work.decoded, "fetched": work.fetched,
        "shards": summary.shards, "written": work.written, "sealed": sealed,
      ])
    Console.say("\(settings.shards): \(summary.pairs) pairs (\(splits)) in \(summary.shards) shards; \(work.words)")
    if let failure = tooManyLeftOut(summary.leftOut, of: summary.pairs + summary.leftOut) { throw failure }
  }
}

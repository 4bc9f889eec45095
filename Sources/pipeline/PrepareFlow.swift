import Basics
import Corpus
import Foundation
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
    if common.dryRun { return try dryRun() }
    let catalog = try Catalog.writer(settings.workspace)
    let memo = try FileMemo(catalog)
    let preparation = try Preparation(settings) { paths in
      defer { try? memo.save() }
      return try memo.digests(of: paths, jobs: settings.jobs)
    }
    report(preparation)
    let store = try ArtifactStore(catalog)
    let plan = try preparation.plan(try store.history())
    if common.explain { explain(plan) }
    let outcome = try execute(preparation, plan, store)
    let prepared = try PreparedPairs(preparation, outcome)
    if !framesOnly {
      prepared.notes.forEach(Console.note)
      try remember(prepared, catalog)
      PrepareReport.table(prepared)
    }
    if let rate = settings.frames {
      try publishFrames(FrameShards.sets(preparation, prepared, outcome, rate: rate), catalog, store)
    }
    if framesOnly { return }
    if settings.embeddings.isEmpty {
      Console.say("\(preparation.ready.count) clips decoded and kept in \(settings.workspace)")
      throw Failure.noVectors
    }
    guard !prepared.pairs.isEmpty else { throw Failure.noPairs(prepared.leftOut) }
    let publisher = try ShardPublisher(
      try TrainingShards.sets(prepared), folder: settings.shards, target: settings.shardTarget, catalog: catalog, writing: true)
    try publish(publisher, store)
    finish(prepared, publisher, decoded: decodedClips(outcome))
    try judge(prepared)
  }

  // MARK: What would be done

  private func dryRun() throws {
    let catalog = try? Catalog.reader(settings.workspace)
    let preparation = try Preparation(settings) { paths in
      if let catalog { return try FileMemo(catalog).digests(of: paths, jobs: settings.jobs) }
      return paths.map { path in
        Result { try Digest.ofFile(path) }.mapError { $0 as? Failure ?? Failure("file.read", "cannot read", on: path) }
      }
    }
    report(preparation)
    let plan = try preparation.plan(try catalog.map { try ArtifactStore($0).history() } ?? .empty)
    PlanReport.show(plan)
    if common.explain { explain(plan) }
    PlanReport.coverage(preparation)
    if plan.isUpToDate, !settings.embeddings.isEmpty, let catalog {
      let store = try ArtifactStore(catalog)
      let outcome = try Runner(store: store, workers: 1).run(plan) { _, _ in ActionResult() }
      let publisher = try ShardPublisher(
        try TrainingShards.sets(PreparedPairs(preparation, outcome)), folder: settings.shards, target: settings.shardTarget, catalog: catalog,
        writing: false)
      PlanReport.shards(publisher)
      if common.explain {
        for job in publisher.toWrite { Console.say("write-shards \(job.name): \(job.reason)") }
      }
    } else if !settings.embeddings.isEmpty {
      Console.say("write-shards    after that")
    }
  }

  private func explain(_ plan: Plan) {
    for position in plan.actions.indices {
      guard case .run(let reasons) = plan.state(at: position) else { continue }
      let id = plan.actions[position].id
      Console.say("\(id.stage) \(id.subject): \(reasons.map(\.description).joined(separator: "; "))")
      Console.event("reason", ["stage": id.stage, "subject": id.subject, "reasons": reasons.map(\.code)])
    }
  }

  // MARK: Doing it

  private func report(_ preparation: Preparation) {
    for failure in preparation.refusedVectors { Console.warn("\(failure)") }
    let clips = preparation.clips
    if !clips.absent.isEmpty { Console.warn("\(clips.absent.count) rows of the manifest have no file (manifest.absent)") }
    if !clips.unlisted.isEmpty { Console.warn("\(clips.unlisted.count) files are not in the manifest (manifest.unlisted)") }
    if settings.frames == nil { Console.note("--frames none: no pictures are kept, and nothing checks the picture (video.missing, video.still, audio.video.mismatch)") }
  }

  private func execute(_ preparation: Preparation, _ plan: Plan, _ store: ArtifactStore) throws -> RunOutcome {
    let toDo = preparation.stages(of: plan).reduce(0) { $0 + plan.counts(stage: $1).run + plan.counts(stage: $1).waits }
    let progress = Progress("actions", total: toDo)
    let isFlagged = common.explain
    return try preparation.run(plan, store: store) { event in
      switch event {
      case .finished(let id, let seconds, let isFinal):
        progress.advance()
        Console.event("finished", ["stage": id.stage, "subject": id.subject, "seconds": seconds, "final": isFinal])
      case .started(let id, let reasons):
        // What ran only because something upstream changed was not in the plan.
        if isFlagged, case .waits? = plan.state(of: id) {
          Console.say("\(id.stage) \(id.subject): \(reasons.map(\.description).joined(separator: "; "))")
        }
      default: break
      }
    }
  }

  private func decodedClips(_ outcome: RunOutcome) -> Int {
    Set(outcome.ran.filter { $0.stage.hasPrefix("extract-") }.map(\.subject)).count
  }

  private func remember(_ prepared: PreparedPairs, _ catalog: Catalog) throws {
    var items: [String: Item] = [:]
    for verdict in prepared.verdicts {
      let key = verdict.file.isEmpty ? "row \(verdict.id)" : verdict.file
      items[key] = Item(key: key, state: verdict.state.rawValue, detail: try CanonicalJSON.text(verdict))
    }
    let before = Dictionary(uniqueKeysWithValues: try catalog.items().map { ($0.key, $0) })
    let changed = items.values.filter { before[$0.key] != $0 }.sorted { $0.key < $1.key }
    let gone = before.keys.filter { items[$0] == nil }.sorted()
    if !changed.isEmpty || !gone.isEmpty { try catalog.update(items: changed, removing: gone) }
    try catalog.set(note: "shards", settings.shards)
  }

  private func publishFrames(_ sets: ShardSets, _ catalog: Catalog, _ store: ArtifactStore) throws {
    guard let folder = settings.framesOut else { return }
    let publisher = try ShardPublisher(
      sets, folder: folder, target: settings.shardTarget, catalog: catalog, writing: true)
    let written = publisher.isUpToDate ? nil : publisher.toWrite.count
    try publish(publisher, store, stage: "write-frames")
    let clips = publisher.jobs.reduce(0) { $0 + $1.samples }
    Console.say("\(folder): frames of \(clips) clips in \(publisher.jobs.count) shards; \(written.map { "\($0) shards written" } ?? "up to date")")
    Console.event("frames", ["clips": clips, "shards": publisher.jobs.count, "written": written ?? 0])
  }

  private func publish(_ publisher: ShardPublisher, _ store: ArtifactStore, stage: String = "write-shards") throws {
    guard !publisher.isUpToDate else { return }
    if common.explain { for job in publisher.toWrite { Console.say("\(stage) \(job.name): \(job.reason)") } }
    let progress = Progress("shards", total: publisher.toWrite.count)
    let wasUpToDate = publisher.toWrite.count
    try publisher.publish(store) { job in
      progress.advance()
      Console.event("shard", ["name": job.name, "samples": job.samples, "of": wasUpToDate])
    }
  }

  private func finish(_ prepared: PreparedPairs, _ publisher: ShardPublisher, decoded: Int) {
    let written = publisher.isUpToDate ? 0 : publisher.toWrite.count
    let splits = Split.allCases.compactMap { split -> String? in
      let count = prepared.pairs.count { $0.split == split }
      return count == 0 ? nil : "\(count) \(split.rawValue)"
    }.joined(separator: ", ")
    Console.event(
      "prepared",
      ["pairs": prepared.pairs.count, "leftOut": prepared.leftOut, "decoded": decoded, "shards": publisher.jobs.count, "written": written])
    let state = decoded == 0 && written == 0 && publisher.isUpToDate ? "up to date" : "\(decoded) clips decoded, \(written) shards written"
    Console.say("\(settings.shards): \(prepared.pairs.count) pairs (\(splits)) in \(publisher.jobs.count) shards; \(state)")
    if prepared.isPassing {
      Console.warn("some clips were left out for reasons that may not hold next time: the shards may then differ")
    }
  }

  private func judge(_ prepared: PreparedPairs) throws {
    let total = prepared.pairs.count + prepared.leftOut
    guard Double(prepared.leftOut) > settings.maxBadFraction * Double(total) else { return }
    throw Failure.tooManyLeftOut(prepared.leftOut, of: total, allowed: settings.maxBadFraction)
  }
}

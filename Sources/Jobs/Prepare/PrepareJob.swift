import Basics
import Corpus
import RemoteCache
import StageGraph
import Synchronization

/// Runs `prepare` from survey to summary: finds clips and embeddings, plans, runs what must run, gives every file a
/// verdict, and publishes shards and frames.
///
/// It orders the work and reports what happens as events; it prints nothing. Clips whose verdict may not hold next time
/// are left out and tried again by the next run. Killing it at any instant leaves either the old state or the new one.
package struct PrepareJob: Sendable {
  package typealias Events = @Sendable (Event) -> Void

  package internal(set) var settings: PrepareSettings
  /// Whether to stop once the frames are written, before making pairs.
  package var framesOnly = false

  /// Results of other workspaces, used instead of the remote cache that the settings name.
  private let shared: (any SharedResults)?

  package init(_ settings: PrepareSettings, framesOnly: Bool = false, shared: (any SharedResults)? = nil) {
    (self.settings, self.framesOnly, self.shared) = (settings, framesOnly, shared)
  }

  /// Does the work.
  /// - Throws: a `Failure` that prevented the work, or `Interruption.failure`; finished work is kept. Clips that were
  ///   left out or could not be paired are not an error here: the summary reports them.
  package func run(_ events: @escaping Events) throws -> PreparedSummary {
    let events = oneAtATime(events)
    if let part = settings.part { return try run(part, events) }
    let catalog = try Catalog.writer(settings.workspace)
    // The catalog is released even if a caller keeps an event, so that others can write.
    defer { catalog.endWriting() }
    let store = try ArtifactStore(catalog)
    if let layout = catalog.migratedFrom {
      events(
        .note("the workspace was brought from layout \(layout) to this version's; nothing is decoded again for it"))
    }
    let remote = remoteCache(events)
    let preparation = try Preparation(settings, catalog, facts: remote.map { SharedFileFacts($0, leaves: false) })
    Memory.returnFreed()
    tell(preparation, events)
    var record = ShardSetRecord(preparation)
    if let failure = try refusal(preparation, record, catalog) { throw failure }
    let plan = try preparation.plan(store, retrying: try retrying(preparation, catalog, events))
    if !plan.isUpToDate { noteAbilities(events) }
    events(.running(plan))
    let (run, work) = try carryOut(plan, preparation, store, remote, events)
    Memory.returnFreed()
    let prepared = try PreparedPairs(run)
    if settings.framesOut != nil { try publishFrames(prepared, catalog, store, events) }
    if let directory = settings.embeddingsOut {
      let (written, clips) = try TeacherFiles.write(prepared, to: directory, store)
      events(.note("\(directory): embeddings of \(clips) clips, \(written) written now"))
    }
    var summary = PreparedSummary()
    summary.work = work
    if framesOnly {
      summary.ending = .frames
      return summary
    }
    try remember(prepared, catalog)
    prepared.notes.forEach { events(.note($0)) }
    summary.add(prepared)
    record.splits = prepared.splitLine
    if !settings.hasTeacher || prepared.pairs.isEmpty {
      summary.ending = !settings.hasTeacher ? .withoutEmbeddings : .withoutPairs
      return summary
    }
    let sets = try TrainingShards.sets(prepared)
    record.table = sets.beside[ClipTable.name].map { Digest(of: $0).hex }
    let publisher = try ShardPublisher(
      sets, directory: settings.shards, target: settings.shardTarget, catalog: catalog, threads: settings.jobs,
      writing: true)
    summary.shards = publisher.jobs.count
    if !publisher.isUpToDate {
      (summary.work.written, summary.work.isRenewed) = (publisher.toWrite.count, true)
      try publish(publisher, store, stage: TrainingShards.stage.name, events)
    }
    try record.keep(catalog, settings.shards)
    if prepared.isPassing {
      events(
        .warning("some clips were left out for reasons that may not hold next time: the shards may then differ"))
    }
    return summary
  }

  /// Reports what would be done, and changes nothing.
  /// - Returns: whether anything would be done.
  package func plan(_ events: @escaping Events) throws -> Bool {
    let catalog = try Catalog.readerIfThere(settings.workspace)
    let store = try catalog.map { try ArtifactStore($0) }
    let preparation = try Preparation(settings, catalog)
    Memory.returnFreed()
    tell(preparation, events)
    for reason in settings.retry { _ = try VerdictPolicy.known(reason) }
    let plan = try preparation.plan(
      store, retrying: try catalog.map { try retrying(preparation, $0, events) } ?? [])
    events(.planned(plan))
    if settings.remoteCache != nil, !plan.isUpToDate {
      events(.note("a plan does not ask the remote cache: what it has will not run"))
    }
    events(.running(plan))
    if settings.part != nil { return !plan.isUpToDate }
    events(.coverage(coverage(preparation, plan)))
    if let failure = try refusal(preparation, ShardSetRecord(preparation), catalog) { events(.warning("\(failure)")) }
    guard writesShards else { return true }
    guard plan.isUpToDate, let catalog, let store else {
      events(.shardsLater)
      return true
    }
    let records = try Runner(store: store, workers: 1).run(plan.open) { _, _ in ActionResult() }
    let run = ClipRun(preparation, plan, records, nil, store)
    let publisher = try ShardPublisher(
      try TrainingShards.sets(PreparedPairs(run)), directory: settings.shards,
      target: settings.shardTarget, catalog: catalog, threads: settings.jobs, writing: false)
    events(.compared(publisher))
    return !publisher.isUpToDate
  }

  // MARK: Steps

  /// Why the existing shards must not be replaced; nil when they may be, or when no shards are written.
  private func refusal(
    _ preparation: Preparation, _ record: ShardSetRecord, _ catalog: Catalog?
  ) throws -> Failure? {
    guard writesShards, !settings.replaces else { return nil }
    return try ShardReplacement(preparation, record, catalog).failure
  }

  /// Reports features that the file system of the shards lacks, before any work.
  private func noteAbilities(_ events: Events) {
    guard writesShards else { return }
    let parent = Files.parent(settings.shards)
    guard let missing = (try? FileSystemAbilities(of: parent))?.substitutes else { return }
    events(.note("the file system of \(settings.shards) does not have all that others have: \(missing)"))
  }

  private var writesShards: Bool { !framesOnly && settings.hasTeacher && settings.part == nil }

  private func oneAtATime(_ events: @escaping Events) -> Events {
    let telling = Mutex(())
    return { event in telling.withLock { _ in events(event) } }
  }

  /// Reports what the survey found.
  func tell(_ preparation: Preparation, _ events: Events) {
    let clips = preparation.clips
    for failure in preparation.refusedEmbeddings { events(.warning(failure.description)) }
    if !preparation.ignored.isEmpty { events(.ignored(preparation.ignored)) }
    if !clips.absent.isEmpty {
      events(.warning("\(clips.absent.count) rows of the manifest have no file (manifest.absent)"))
    }
    if !clips.unlisted.isEmpty {
      events(.warning("\(clips.unlisted.count) files are not in the manifest (manifest.unlisted)"))
    }
    if settings.frames == nil {
      events(
        .note(
          "--frames none: no frames are kept, and nothing checks the video (video.missing, video.still, audio.video.mismatch)"
        ))
    }
  }

  private func retrying(_ preparation: Preparation, _ catalog: Catalog, _ events: Events) throws -> Set<String> {
    let ids = try preparation.retrying(catalog)
    if !settings.retry.isEmpty {
      events(.note("\(ids.count) clips have \(settings.retry.joined(separator: " or ")) and are worked on again"))
    }
    return ids
  }

  /// Runs what must run, and adds clips with nothing left to do to the ledger.
  /// - Parameter endsEarly: called before each action; returns whether continuing would be useless.
  func carryOut(
    _ plan: ClipPlan, _ preparation: Preparation, _ store: ArtifactStore, _ remote: RemoteCache?,
    endsEarly: @escaping @Sendable () -> Bool = { false }, _ events: @escaping Events
  ) throws -> (ClipRun, PreparedSummary.Work) {
    let outcomes = ClipOutcomes(preparation, plan)
    let times = StageTimes.Collector()
    defer { if let remote { end(remote, wasAsked: !plan.isUpToDate, events) } }
    if !plan.isUpToDate { try store.catalog.set(isUnfinished: true) }
    events(.clips(outcomes.total))
    let isInterrupted = { @Sendable in Interruption.isRequested || endsEarly() }
    let records = try preparation.run(
      plan, store: store, shared: shared ?? remote, isInterrupted: isInterrupted
    ) { event in
      times.add(event)
      if outcomes.add(event) { events(.clip(leftOut: outcomes.leftOut)) }
      switch event {
      case .finished(let record, _, let seconds):
        events(.finished(record.id, seconds: seconds, isFinal: record.isFinal))
      case .fetched(let record, _, _): events(.fetched(record.id))
      case .started(let id, let reasons) where plan.open.waits(id): events(.followed(id, reasons))
      default: break
      }
    }
    try times.keep(plan.stages.map { ($0.name, plan.counts(stage: $0.name).total) }, in: store.catalog)
    try store.catalog.settle(plan.settling(preparation, records))
    return (ClipRun(preparation, plan, records, outcomes, store), PreparedSummary.Work(records))
  }

  private func remember(_ prepared: PreparedPairs, _ catalog: Catalog) throws {
    let changes = try VerdictChanges(prepared)
    try catalog.update(verdicts: changes.changed, removing: changes.gone)
    try catalog.set(directory: settings.shards, of: .shards)
    if try catalog.isUnfinished() { try catalog.set(isUnfinished: false) }
  }

  private func publishFrames(
    _ prepared: PreparedPairs, _ catalog: Catalog, _ store: ArtifactStore, _ events: @escaping Events
  ) throws {
    guard let directory = settings.framesOut, let rate = settings.frames else { return }
    let publisher = try ShardPublisher(
      try FrameShards.sets(prepared, rate: rate), directory: directory, target: settings.shardTarget, catalog: catalog,
      threads: settings.jobs, writing: true)
    let written = publisher.isUpToDate ? nil : publisher.toWrite.count
    try catalog.set(directory: directory, of: .frames)
    if written != nil { try publish(publisher, store, stage: "write-frames", events) }
    let clips = publisher.jobs.reduce(0) { $0 + $1.clips }
    events(
      .frames(FramesWritten(directory: directory, clips: clips, shards: publisher.jobs.count, written: written)))
  }

  private func publish(
    _ publisher: ShardPublisher, _ store: ArtifactStore, stage: String, _ events: @escaping Events
  ) throws {
    let missing = publisher.toWrite
    events(.writing(stage: stage, missing))
    try publisher.publish(store) { events(.shard($0, of: missing.count)) }
  }

  // MARK: The remote cache

  func remoteCache(_ events: Events) -> RemoteCache? {
    settings.remoteCache.map { address in
      if let warning = address.warning { events(.warning("\(warning)")) }
      return RemoteCache(address, settings)
    }
  }

  /// Lets the cache enforce its size limit, and reports what was fetched and stored.
  private func end(_ remote: RemoteCache, wasAsked: Bool, _ events: Events) {
    remote.finish()
    guard wasAsked || !remote.failures.isEmpty else { return }
    let tally = remote.tally
    events(
      .remote(
        RemoteWork(
          server: remote.name, fetched: tally.fetched, missed: tally.missed, kept: tally.kept,
          failed: tally.failed, failures: remote.failures)))
  }

  // MARK: What it will take

  private func coverage(_ preparation: Preparation, _ plan: ClipPlan) -> Coverage {
    // 10 s of audio take about 160 KiB as FLAC at 16 kHz, ten frames about 200 KiB, and each row of float16 1 KiB.
    // Audio and rows are also in the shards.
    let open = [ExtractAudio.name: 160, ExtractFrames.name: 200, SelectEmbeddings.name: 10].reduce(0) { sum, stage in
      let counts = plan.counts(stage: stage.key)
      return sum + (counts.run + counts.waits) * stage.value * (stage.key == ExtractFrames.name ? 1 : 2)
    }
    return Coverage(
      isGiven: settings.hasTeacher, clips: preparation.ready.count,
      covered: preparation.ready.count { settings.teacher != nil || $0.embeddings != nil }, bytes: open * 1024,
      isUpToDate: plan.isUpToDate)
  }
}

extension RemoteCache {
  /// The cache of a `prepare`, for the stages whose results are shared.
  convenience init(_ address: CacheAddress, _ settings: PrepareSettings) {
    var limits = TransferLimits()
    // The results of a part are only useful in the cache, however long storing them takes.
    if settings.part != nil { limits.actionSeconds = .infinity }
    self.init(address, stages: Set(settings.stages.filter { $0.isShared }.map { $0.name }), limits: limits)
  }
}

import Basics
import Corpus
import StageGraph
import Prepare

/// Prints the events of a `prepare`: lines for people, JSON for machines, progress for both.
final class PrepareConsole: Sendable {
  private let explains: Bool

  /// - Parameter explains: whether reasons are printed.
  init(explains: Bool) { self.explains = explains }

  func tell(_ event: PrepareJob.Event) {
    switch event {
    case .warning(let text): Console.warn(text)
    case .note(let text): Console.note(text)
    case .ignored(let files): show(files)
    case .planned(let plan): PlanReport.show(plan)
    case .running(let plan): if explains { explain(plan.open) }
    case .coverage(let coverage): PlanReport.show(coverage)
    case .compared(let publisher):
      PlanReport.shards(publisher)
      if explains { explain("write-shards", publisher.toWrite) }
    case .shardsLater: Console.say("write-shards    after that")
    case .clips(let count): Progress.begin("clips", total: count)
    case .clip(let leftOut): Progress.advance(extra: Self.words(leftOut), fields: ["leftOut": leftOut])
    case .finished(let id, let seconds, let isFinal):
      Console.event("finished", ["stage": id.stage, "subject": id.subject, "seconds": seconds, "final": isFinal])
    case .fetched(let id):
      if explains { Console.say("\(id.stage) \(id.subject): came from the remote cache") }
      Console.event("fetched", ["stage": id.stage, "subject": id.subject])
    case .followed(let id, let reasons):
      // Actions that run only because of a changed input from an earlier action were not in the plan.
      if explains { Console.say("\(id.stage) \(id.subject): \(Self.words(reasons))") }
    case .remote(let work): tell(work)
    case .writing(let stage, let jobs):
      if explains { explain(stage, jobs) }
      Progress.begin("shards", total: jobs.count)
    case .shard(let job, let count):
      Progress.advance()
      Console.event("shard", ["name": job.name, "samples": job.clips, "of": count])
    case .frames(let frames): tell(frames)
    }
  }

  private func show(_ files: IgnoredFiles) {
    if let sentence = files.sentence { Console.note(sentence) }
    if explains {
      for file in files.files { Console.note("ignored: \(file.name) (\(file.reason.rawValue))") }
    }
    for note in files.notes { Console.warn(note) }
    if !files.names.isEmpty { Console.event("ignored", ["files": files.names.count]) }
  }

  private func explain(_ plan: Plan) {
    for position in plan.positions {
      guard case .run(let reasons) = plan.state(at: position) else { continue }
      let id = plan.actions.id(at: position)
      Console.say("\(id.stage) \(id.subject): \(Self.words(reasons))")
      Console.event(
        "reason",
        ["stage": id.stage, "subject": id.subject, "reasons": reasons.map(\.code), "text": Self.words(reasons)])
    }
  }

  private func explain(_ stage: String, _ jobs: [ShardPublisher.Job]) {
    for job in jobs { Console.say("\(stage) \(job.name): \(job.reason)") }
  }

  /// What was fetched from and stored in the remote cache, and one warning for each kind of problem.
  private func tell(_ work: PrepareJob.RemoteWork) {
    for failure in work.failures { Console.warn("\(failure)") }
    Console.note("remote cache \(work.server): \(work.fetched) results came from it, \(work.kept) went to it")
    Console.event(
      "remote-cache",
      [
        "server": work.server, "fetched": work.fetched, "missed": work.missed, "kept": work.kept,
        "failed": work.failed,
      ])
  }

  private func tell(_ frames: PrepareJob.FramesWritten) {
    let state = frames.written.map { "\(counted($0, "shard")) written" } ?? "up to date"
    Console.say(
      "\(frames.directory): frames of \(counted(frames.clips, "clip")) in \(counted(frames.shards, "shard")); \(state)")
    Console.event("frames", ["clips": frames.clips, "shards": frames.shards, "written": frames.written ?? 0])
  }

  private static func words(_ reasons: [RebuildReason]) -> String {
    reasons.map(\.description).joined(separator: "; ")
  }

  /// `5 left out: 3 clip.short, 2 audio.missing`; the most frequent reason first.
  private static func words(_ leftOut: [String: Int]) -> String {
    let reasons = leftOut.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) \($0.key)" }
    let count = leftOut.values.reduce(0, +)
    return reasons.isEmpty ? "" : "\(count) left out: \(reasons.joined(separator: ", "))"
  }
}

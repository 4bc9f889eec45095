import Basics
import Corpus
import Prepare
import StageGraph

/// The verdicts of the clips as a table: one row a reason.
enum PrepareReport {
  static func show(_ rows: [ReasonCount]) {
    var table = Table()
    for row in rows {
      table.add(row.title, row.reason, "\(row.count)", row.example)
      if !row.reason.isEmpty {
        JobReport.add(reason: row.reason, title: row.title, count: row.count, example: row.example)
      }
      Console.event("reason-count", ["kind": row.title, "reason": row.reason, "count": row.count])
    }
    if !rows.isEmpty { Console.say(table) }
  }
}

/// The plan of a run as a table: one row a stage.
enum PlanReport {
  static func show(_ plan: ClipPlan) {
    var table = Table()
    table.addHeading("stage", "run", "may run", "up to date", "blocked")
    for stage in plan.stages {
      let counts = plan.counts(stage: stage.name)
      table.add(stage.name, "\(counts.run)", "\(counts.waits)", "\(counts.upToDate)", "\(counts.blocked)")
      Console.event(
        "plan",
        [
          "stage": stage.name, "run": counts.run, "mayRun": counts.waits, "upToDate": counts.upToDate,
          "blocked": counts.blocked,
        ])
    }
    Console.say(table)
  }

  /// How many clips have embeddings, and how much space the work will take.
  static func show(_ coverage: PrepareJob.Coverage) {
    guard coverage.isGiven else {
      Console.say(
        "no teacher embeddings: audio and frames are prepared, and no shards (exit status 4); --clip or --embeddings gives them"
      )
      return
    }
    let disk = coverage.isUpToDate ? "" : "; up to \(coverage.bytes / 1_048_576 + 1) MiB of disk"
    Console.say("teacher embeddings for \(coverage.covered) of \(coverage.clips) clips\(disk)")
    Console.event(
      "coverage", ["clips": coverage.clips, "vectors": coverage.covered, "diskBytes": coverage.bytes])
  }

  static func shards(_ publisher: ShardPublisher) {
    let writing = publisher.toWrite.count
    Console.say(
      "write-shards    \(publisher.isUpToDate ? "up to date" : "\(writing) to write, \(publisher.jobs.count - writing) unchanged")"
    )
    Console.event("shards", ["write": writing, "unchanged": publisher.jobs.count - writing])
  }
}

import Basics
import Corpus
import Prepare
import StageGraph

/// What became of the clips, as a table: one row a reason.
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
    if !rows.isEmpty { Console.say(table.text) }
  }
}

/// What a run would do, as a table: one row a stage.
enum PlanReport {
  static func show(_ plan: Plan) {
    var table = Table()
    table.add("stage", "run", "may run", "up to date", "blocked")
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
    Console.say(table.text)
  }

  /// How many clips have vectors, and what those that are worked on will take.
  static func coverage(_ preparation: Preparation, _ plan: Plan) {
    let clips = preparation.ready.count
    guard !preparation.settings.embeddings.isEmpty else {
      Console.say("no teacher vectors given: sound and frames only")
      return
    }
    let covered = preparation.ready.count { $0.vectors != nil }
    // FLAC of 10 s takes some 160 KiB at 16 kHz, ten frames some 200 KiB, rows of float16 one KiB each; sound and rows lie in the
    // shards too.
    let open = [ExtractSound.name: 160, ExtractFrames.name: 200, SelectVectors.name: 10].reduce(0) { sum, stage in
      let counts = plan.counts(stage: stage.key)
      return sum + (counts.run + counts.waits) * stage.value * (stage.key == ExtractFrames.name ? 1 : 2)
    }
    let bytes = open * 1024
    let disk = plan.isUpToDate ? "" : "; up to \(bytes / 1_048_576 + 1) MiB of disk"
    Console.say("vectors for \(covered) of \(clips) clips\(disk)")
    Console.event("coverage", ["clips": clips, "vectors": covered, "diskBytes": bytes])
  }

  static func shards(_ publisher: ShardPublisher) {
    let writing = publisher.toWrite.count
    Console.say(
      "write-shards    \(publisher.isUpToDate ? "up to date" : "\(writing) to write, \(publisher.jobs.count - writing) unchanged")"
    )
    Console.event("shards", ["write": writing, "unchanged": publisher.jobs.count - writing])
  }
}

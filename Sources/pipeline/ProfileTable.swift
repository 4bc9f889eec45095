import Basics
import Distill
import Foundation
import Kernels
import Networks
import Training

/// The output of `distill --profile`: processor time by layer and pass, the slowest first, with the measured peak
/// performance of the machine.
struct ProfileTable {
  private let rows: [Profile.Row]
  private let steps: Int
  private let peak: Double

  init(_ profile: Profile, _ settings: DistillSettings) {
    rows = profile.rows.sorted { $0.seconds > $1.seconds }
    steps = profile.steps
    peak = VectorOps(settings.instructionSet).measuredPeak()
  }

  func show() {
    guard steps > 0 else { return Console.note("--profile needs two steps at least: the first one is not counted") }
    let total = rows.reduce(0) { $0 + $1.seconds }
    var table = Table()
    table.addHeading("layer", "pass", "kernel", "ms/step", "share", "GFLOP/s", "of peak")
    for row in rows where row.seconds > 0 {
      let counted = row.operations > 0
      table.add(
        row.layer, row.pass, row.kernel, one(1e3 * row.seconds / Double(steps)), one(100 * row.seconds / total) + " %",
        counted ? one(row.operationsPerSecond * 1e-9) : "",
        counted ? one(100 * row.operationsPerSecond / peak) + " %" : "")
      Console.event(
        "profile",
        [
          "layer": row.layer, "pass": row.pass, "kernel": row.kernel, "secondsPerStep": row.seconds / Double(steps),
          "operationsPerSecond": row.operationsPerSecond,
        ])
    }
    table.add("all", "", "", one(1e3 * total / Double(steps)), "100.0 %", "", "")
    Console.say(table)
    Console.say(
      "processor time over \(steps) steps; one thread's peak \(one(peak * 1e-9)) GFLOP/s; Winograd needs fewer operations than are counted"
    )
  }
}

import Foundation
import Runs
import Training

/// The cost of a training according to its log.
struct TrainingCost {
  /// Time spent in steps only, without validation, checkpoints and interrupted work.
  let seconds: Double
  let clips: Double
  let steps: Int
  let stepsInEpoch: Double?

  /// Nil when the log has no speeds.
  init?(_ run: RunDirectory) {
    let batch = Double(run.description.configuration.batchSize)
    let speeds = run.steps.compactMap(\.samplesPerSecond).filter { $0 > 0 }
    guard !speeds.isEmpty else { return nil }
    seconds = speeds.reduce(0) { $0 + batch / $1 }
    (clips, steps) = (batch * Double(speeds.count), speeds.count)
    let inEpoch = run.description.configuration.batches(of: run.description.clips["train"] ?? 0)
    stepsInEpoch = inEpoch > 0 ? Double(inEpoch) : nil
  }

  var facts: [(name: String, value: String)] {
    var facts = [
      ("compute", "\(Self.duration(seconds)) in \(steps) steps, \(String(format: "%.1f", clips / seconds)) clips/s")
    ]
    if let stepsInEpoch { facts.append(("an epoch takes", Self.duration(stepsInEpoch * seconds / Double(steps)))) }
    return facts.map { (name: $0.0, value: $0.1) }
  }

  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "-" }
    if seconds < 10 { return String(format: "%.1f s", seconds) }
    let whole = Int(seconds.rounded())
    return whole < 60
      ? "\(whole) s" : whole < 3600 ? "\(whole / 60) min \(whole % 60) s" : "\(whole / 3600) h \(whole / 60 % 60) min"
  }
}

import Basics
import Networks
import Training
import Runs

/// Trains a run, or goes on with it where it was stopped.
package struct DistillJob: Sendable {
  package enum Event: Sendable {
    /// Before anything is trained: which run it is, and what was decided of it.
    case began(Plan, notes: [String])
    case training(Trainer.Event)
  }

  /// How far the run is, and how far it would go.
  package struct Plan: Sendable {
    package var run: String
    /// Of what it is trained on.
    package var data: Digest
    /// By split.
    package var clips: [String: Int]
    /// Of the newest checkpoint; nil where the run would start.
    package var stepsDone: Int?
    /// After how many steps the run ends, unless something ends it before.
    package var steps: Int
    /// Why nothing is left to train; nil where it would train.
    package var end: String?
    /// A run that this one looks like but cannot continue.
    package var earlier: EarlierRun?
    /// The run whose weights it starts from.
    package var parent: RunParent?
    /// Runs that were trained before, where this one would start.
    package var others: [OtherRun]
  }

  package let settings: DistillSettings

  package init(_ settings: DistillSettings) { self.settings = settings }

  /// Reads the shards' indexes and the run's newest state. Writes nothing.
  package func plan() throws -> Plan {
    let run = try TrainingRun(settings)
    let state = settings.fresh ? nil : run.state
    return plan(run, stepsDone: state?.step, end: state.flatMap(run.end))
  }

  /// - Parameter profile: filled from the second step on; nil: nothing is measured.
  package func run(profile: Profile? = nil, _ events: @escaping (Event) -> Void) throws {
    let run = try TrainingRun(settings)
    events(.began(plan(run, stepsDone: settings.fresh ? nil : run.stepsDone, end: nil), notes: run.notes))
    try run.run(profile: profile) { events(.training($0)) }
  }

  private func plan(_ run: TrainingRun, stepsDone: Int?, end: String?) -> Plan {
    let batches = max(1, settings.configuration.batches(of: run.description.clips["train"] ?? 0))
    return Plan(
      run: run.description.name, data: run.data.digest, clips: run.description.clips, stepsDone: stepsDone,
      steps: min(settings.limits.steps ?? .max, settings.limits.epochs * batches), end: end,
      earlier: run.earlier, parent: run.description.parent, others: run.others)
  }
}

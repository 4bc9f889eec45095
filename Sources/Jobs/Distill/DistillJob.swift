import Basics
import Networks
import Ranks
import Runs
import Training

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
    /// That people call it by; nil: none.
    package var givenName: String?
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

    /// For people: `baseline (0123456789ab)`, or the identity alone.
    package var title: String { givenName.map { "\($0) (\(run))" } ?? run }
  }

  package let settings: DistillSettings

  package init(_ settings: DistillSettings) { self.settings = settings }

  /// Reads the shards' indexes and the run's newest state. Writes nothing.
  package func plan() throws -> Plan {
    let run = try TrainingRun(settings)
    let state = settings.fresh ? nil : run.state
    return plan(run, stepsDone: state?.step, end: state.flatMap(run.end))
  }

  /// - Parameters:
  ///   - ranks: those that train together, all with this job. Rank 0 alone tells what happens and writes.
  ///   - profile: filled from the second step on; nil: nothing is measured.
  /// - Throws: `ranks.differ` where ranks have other settings, other data or another program.
  package func run(ranks: RankGroup = .alone, profile: Profile? = nil, _ events: @escaping (Event) -> Void) throws {
    let run = try ranks.together { try TrainingRun(settings, findsOrigin: ranks.isFirst) }
    try RankAgreement.check(ranks) { try Self.common(to: run) }
    if ranks.isFirst {
      let notes = run.notes + Self.notes(ranks, settings.configuration)
      events(.began(plan(run, stepsDone: settings.fresh ? nil : run.stepsDone, end: nil), notes: notes))
    }
    try run.run(ranks, profile: profile) { event in if ranks.isFirst { events(.training(event)) } }
  }

  /// What all ranks of a run must have in common.
  private static func common(to run: TrainingRun) throws -> [String: String] {
    var configuration = run.settings.configuration
    // Rank 0 alone looks for what training starts from, and gives the weights to the others.
    configuration.initialWeights = nil
    return try configuration.values().merging(run.settings.limits.values) { $1 }
      .merging(run.description.toolchain) { $1 }.merging(["data": run.data.digest.short]) { $1 }
  }

  private static func notes(_ ranks: RankGroup, _ configuration: TrainingConfiguration) -> [String] {
    guard !ranks.isAlone else { return [] }
    let size = configuration.microbatch
    let shares = ranks.shares(of: (configuration.batchSize + size - 1) / size)
    let idle = shares.count { $0.isEmpty }
    let note = "\(ranks.count) ranks, up to \(size * (shares.first?.count ?? 0)) clips of a batch each"
    return [
      idle == 0 ? note : "\(note); \(idle) have none: a batch has \(shares.last?.upperBound ?? 0) parts of \(size)"
    ]
  }

  private func plan(_ run: TrainingRun, stepsDone: Int?, end: String?) -> Plan {
    let batches = max(1, settings.configuration.batches(of: run.description.clips["train"] ?? 0))
    return Plan(
      run: run.description.name, givenName: run.givenName, data: run.data.digest, clips: run.description.clips,
      stepsDone: stepsDone,
      steps: min(settings.limits.steps ?? .max, settings.limits.epochs * batches), end: end,
      earlier: run.earlier, parent: run.description.parent, others: run.others)
  }
}

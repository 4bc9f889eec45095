import Basics
import Networks
import Ranks
import Runs
import Training

/// Trains a run, or resumes it.
package struct DistillJob: Sendable {
  package enum Event: Sendable {
    /// Before training: which run it is, and decisions about it.
    case began(Plan, notes: [String])
    case training(Trainer.Event)
  }

  /// How far the run has got, and how far it would go.
  package struct Plan: Sendable {
    package var run: String
    /// The name given by a user; nil for none.
    package var givenName: String?
    /// Digest of the training data.
    package var data: Digest
    /// Number of clips by split.
    package var clips: [String: Int]
    /// The step of the newest checkpoint; nil when the run would start.
    package var stepsDone: Int?
    /// The number of steps after which the run ends, unless something ends it earlier.
    package var steps: Int
    /// Why nothing is left to train; nil when it would train.
    package var end: String?
    /// A run with the same settings that this one cannot continue.
    package var earlier: EarlierRun?
    /// The run whose weights it starts from.
    package var parent: RunParent?
    /// Earlier runs, reported when this one would start.
    package var others: [OtherRun]

    /// For people: `baseline (0123456789ab)`, or only the identity.
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
  ///   - ranks: the ranks that train together, each with this job. Only rank 0 reports events and writes.
  ///   - profile: filled from the second step on; nil measures nothing.
  /// - Throws: `ranks.differ` when ranks have different settings, data or programs.
  package func run(ranks: RankGroup = .alone, profile: Profile? = nil, _ events: @escaping (Event) -> Void) throws {
    let run = try ranks.together { try TrainingRun(settings, findsOrigin: ranks.isFirst) }
    try RankAgreement.check(ranks) { try Self.common(to: run) }
    if ranks.isFirst {
      let notes = run.notes + Self.notes(ranks, settings.configuration)
      events(.began(plan(run, stepsDone: settings.fresh ? nil : run.stepsDone, end: nil), notes: notes))
    }
    try run.run(ranks, profile: profile) { event in if ranks.isFirst { events(.training(event)) } }
  }

  /// The values that must be the same on all ranks.
  private static func common(to run: TrainingRun) throws -> [String: String] {
    var configuration = run.settings.configuration
    // Only rank 0 looks up the initial weights; it sends the weights to the others.
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

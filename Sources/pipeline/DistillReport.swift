import Basics
import Distill
import Foundation
import Kernels
import Networks
import Ranks
import Training

/// Prints a training, for people or as JSON.
final class DistillReport {
  private let settings: DistillSettings
  private let ranks: RankGroup
  private let trainer = TrainerReport("clips")

  private let explains: Bool

  init(_ settings: DistillSettings, _ ranks: RankGroup = .alone, explains: Bool = false) {
    (self.settings, self.ranks, self.explains) = (settings, ranks, explains)
  }

  /// Reports what would be done.
  /// - Returns: whether it would train.
  static func plan(_ job: DistillJob, explains: Bool) throws -> Bool {
    let plan = try job.plan()
    if let earlier = plan.earlier { Console.warn(earlier.sentence) }
    let start = plan.parent.map { "would start from \($0.text)" } ?? "would start"
    let what = plan.end.map { "up to date: \($0)" } ?? plan.stepsDone.map { "would go on from step \($0)" } ?? start
    Console.say("distill: run \(plan.title): \(clips(plan)) clips; \(what)")
    if explains { explain(plan, offersLast: job.settings.initial == nil) }
    Console.event(
      "plan",
      [
        "stage": "distill", "run": plan.run, "name": plan.givenName as Any? ?? NSNull(),
        "stepsDone": plan.stepsDone ?? 0, "steps": plan.steps,
        "parent": plan.parent?.name as Any? ?? NSNull(), "reasons": plan.others.flatMap(\.reasons),
      ])
    return plan.end == nil
  }

  /// Explains why training starts from the beginning although there are runs.
  private static func explain(_ plan: DistillJob.Plan, offersLast: Bool) {
    for reason in plan.others.flatMap(\.reasons) { Console.say("  \(reason)") }
    if offersLast, let newest = plan.others.first {
      Console.say("  to start from the weights of run \(newest.name): pipeline distill --init last")
    }
  }

  func run(profiles: Bool = false) throws {
    let profile = profiles ? Profile() : nil
    Progress.begin("reading the shards")
    try DistillJob(settings).run(ranks: ranks, profile: profile, show)
    if let profile, ranks.isFirst { ProfileTable(profile, settings).show() }
  }

  private func show(_ traffic: Traffic, _ steps: Int) {
    Console.event(
      "exchanged",
      [
        "ranks": ranks.count, "steps": steps, "messages": traffic.messages, "bytes": traffic.bytes,
        "secondsWaited": traffic.secondsWaited,
      ])
    guard steps > 0 else { return }
    let (count, share) = (Double(steps), 1e-6 / Double(steps))
    Console.note(
      "each step rank 0 sent \(one(Double(traffic.bytes) * share)) MB in \(traffic.messages / steps) messages and waited "
        + "\(String(format: "%.3f", traffic.secondsWaited / count)) s")
  }

  private static func clips(_ plan: DistillJob.Plan) -> String {
    plan.clips.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
  }

  private func show(_ event: DistillJob.Event) {
    switch event {
    case .began(let plan, let notes):
      CommandHistory.note(run: plan.run, data: plan.data)
      Console.note(
        "run \(plan.title): \(Self.clips(plan)) clips, \(counted(settings.threads, "thread")), \(settings.instructionSet.name)"
      )
      notes.forEach(Console.note)
      if let earlier = plan.earlier { Console.warn(earlier.sentence) }
      if explains { Self.explain(plan, offersLast: settings.initial == nil) }
      trainer.begin(steps: plan.steps, done: min(plan.steps, plan.stepsDone ?? 0))
    case .training(let event): show(event)
    }
  }

  private func show(_ event: Trainer.Event) {
    if case .exchanged(let traffic, let steps) = event { show(traffic, steps) }
    trainer.show(event)
  }
}

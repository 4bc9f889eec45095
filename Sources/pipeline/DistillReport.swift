import Networks
import Basics
import Distill
import Training
import Foundation
import Kernels

/// A training as a person or a machine sees it.
final class DistillReport {
  private let settings: DistillSettings
  private var progress: Progress?

  init(_ settings: DistillSettings) { self.settings = settings }

  /// Says what would be done.
  /// - Returns: whether it would train.
  static func plan(_ job: DistillJob) throws -> Bool {
    let plan = try job.plan()
    if let earlier = plan.earlier { Console.warn(earlier.sentence) }
    let what =
      plan.end.map { "up to date: \($0)" } ?? plan.stepsDone.map { "would go on from step \($0)" } ?? "would start"
    Console.say("distill: run \(plan.run): \(clips(plan)) clips; \(what)")
    Console.event(
      "plan", ["stage": "distill", "run": plan.run, "stepsDone": plan.stepsDone ?? 0, "steps": plan.steps])
    return plan.end == nil
  }

  func run(profiles: Bool = false) throws {
    let profile = profiles ? Profile() : nil
    try DistillJob(settings).run(profile: profile, show)
    if let profile { ProfileTable(profile, settings).show() }
  }

  private static func clips(_ plan: DistillJob.Plan) -> String {
    plan.clips.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
  }

  private func show(_ event: DistillJob.Event) {
    switch event {
    case .began(let plan, let notes):
      CommandHistory.note(run: plan.run, data: plan.data)
      Console.note(
        "run \(plan.run): \(Self.clips(plan)) clips, \(settings.threads) threads, \(settings.instructionSet.name)")
      notes.forEach(Console.note)
      if let earlier = plan.earlier { Console.warn(earlier.sentence) }
      progress = Progress("steps", total: max(0, plan.steps - (plan.stepsDone ?? 0)))
    case .training(let event): show(event)
    }
  }

  private func show(_ event: Trainer.Event) {
    switch event {
    case .resumed(let step):
      Console.say("resumed at step \(step)")
      Console.event("resumed", ["step": step])
    case .damaged(let failure):
      Console.warn("\(failure.hinted)\n  set aside; using the checkpoint before it, if there is one")
    case .stepped(let step, let epoch, _, let loss, let speed):
      progress?.advance(extra: "epoch \(epoch + 1), loss \(String(format: "%.4f", loss)), \(one(speed)) clips/s")
      Console.event("step", ["step": step, "epoch": epoch, "loss": loss, "clipsPerSecond": speed])
    case .epochEnded(let line):
      let validation = line.validationLoss.map { ", validation \(String(format: "%.4f", $0))" } ?? ""
      Console.note("epoch \(line.epoch + 1): loss \(String(format: "%.4f", line.loss))\(validation), step \(line.step)")
      Console.event(
        "epoch",
        [
          "epoch": line.epoch, "step": line.step, "loss": line.loss,
          "validationLoss": line.validationLoss as Any? ?? NSNull(),
        ])
    case .saved(let step): Console.event("saved", ["step": step])
    case .stopped(let why):
      Console.say("done: \(why)")
      Console.event("done", ["reason": why])
    }
  }
}

import Basics
import Foundation
import Training

/// Prints the events of a trainer, for people or as JSON.
final class TrainerReport {
  /// The items of a batch: clips or sentences.
  private let samples: String

  init(_ samples: String) { self.samples = samples }

  /// Shows progress before the first step, when the total and finished numbers of steps are known.
  func begin(steps: Int, done: Int) { Progress.begin("steps", total: steps, done: done) }

  func show(_ event: Trainer.Event) {
    switch event {
    case .resumed(let step):
      Console.say("resumed at step \(step)")
      Console.event("resumed", ["step": step])
    case .damaged(let failure):
      Console.warn("\(failure.hinted)\n  set aside; using the checkpoint before it, if there is one")
    case .stepped(let step, let epoch, _, let loss, let speed):
      Progress.advance(
        extra: "epoch \(epoch + 1), loss \(String(format: "%.4f", loss)), \(one(speed)) \(samples)/s")
      Console.event("step", ["step": step, "epoch": epoch + 1, "loss": loss, "\(samples)PerSecond": speed])
    case .epochEnded(let line): show(line)
    case .exchanged: break
    case .saved(let step): Console.event("saved", ["step": step])
    case .stopped(let why):
      Console.say("done: \(why)")
      Console.event("done", ["reason": why])
    }
  }

  private func show(_ line: MetricsLog.Line) {
    var validation = line.validationLoss.map { ", validation \(String(format: "%.4f", $0))" } ?? ""
    if let score = line.captions?[CaptionTask.criterion] {
      validation = ", \(CaptionTask.criterion) \(String(format: "%.4f", score))"
    }
    Console.note("epoch \(line.epoch + 1): loss \(String(format: "%.4f", line.loss))\(validation), step \(line.step)")
    Console.event(
      "epoch",
      [
        "epoch": line.epoch + 1, "step": line.step, "loss": line.loss,
        "validationLoss": line.validationLoss as Any? ?? NSNull(), "captions": line.captions as Any? ?? NSNull(),
      ])
  }
}

import Basics
import Caption
import Foundation
import Training

/// Prints the training of a captioner, for people or as JSON.
final class CaptionTrainingReport {
  private let trainer = TrainerReport("sentences")

  func show(_ event: CaptionTrainJob.Event) {
    switch event {
    case .began(let name, let sentences, let clips, let validation, let vocabulary, let parameters):
      Console.note(
        "captioner \(name): \(sentences) captions of \(clips) clips, \(validation) validation clips, "
          + "\(vocabulary) tokens, \(one(Double(parameters) / 1e6)) M weights")
      Console.event(
        "captioner",
        [
          "name": name, "sentences": sentences, "clips": clips, "validation": validation, "vocabulary": vocabulary,
          "parameters": parameters,
        ])
      Progress.begin("training")
    case .note(let text): Console.note(text)
    case .training(let event): trainer.show(event)
    case .written(let path, let bytes, let digest):
      Console.say("\(path): \(byteText(bytes)), sha256 \(digest.short)")
      Console.event("written", ["file": path, "bytes": bytes, "sha256": digest.hex])
    }
  }
}

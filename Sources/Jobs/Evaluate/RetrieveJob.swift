import Basics
import Evaluation

/// Measures whether audio retrieves its own frames, frames their audio, and text the right audio and vice versa, on
/// clips that were held out of training.
package struct RetrieveJob: Sendable {
  package let settings: RetrievalSettings
  package let place: EvaluationPlace

  package init(_ settings: RetrievalSettings, _ place: EvaluationPlace) {
    (self.settings, self.place) = (settings, place)
  }

  /// - Throws: errors of opening the student.
  package func plan() throws { _ = try student() }

  package func run(_ events: (EvaluationEvent) -> Void) throws {
    let student = try student()
    var records: [EvaluationRecord] = []
    // A timeline alone needs no shards.
    if settings.timeline == nil || settings.embeddings != nil || Files.isDirectory(settings.shards) {
      records.append(
        try RetrievalEvaluation.run(settings, student: settings.embeddings == nil ? student : nil) {
          events(.working($0))
        }
      )
    }
    if let timeline = settings.timeline, let student {
      records.append(try TimelineEvaluation.run(timeline, settings, student: student) { events(.working($0)) })
    }
    try place.finish(records, student, events)
  }

  /// Nil when a file has the embeddings.
  private func student() throws -> EvaluatedModel? {
    settings.embeddings == nil || settings.timeline != nil ? try place.student() : nil
  }
}

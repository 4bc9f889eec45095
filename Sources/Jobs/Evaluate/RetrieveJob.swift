import Basics
import Evaluation

/// Do sounds find their pictures, pictures their sounds, and words both, on clips that were kept out of training?
package struct RetrieveJob: Sendable {
  package let settings: RetrievalSettings
  package let place: EvaluationPlace

  package init(_ settings: RetrievalSettings, _ place: EvaluationPlace) {
    (self.settings, self.place) = (settings, place)
  }

  /// - Throws: what opening the student throws.
  package func plan() throws { _ = try student() }

  package func run(_ events: (EvaluationEvent) -> Void) throws {
    let student = try student()
    var records: [EvaluationRecord] = []
    // With a timeline alone, no shards are needed.
    if settings.timeline == nil || settings.vectors != nil || Files.isDirectory(settings.shards) {
      records.append(
        try RetrievalEvaluation.run(settings, student: settings.vectors == nil ? student : nil) { events(.working($0)) }
      )
    }
    if let timeline = settings.timeline, let student {
      records.append(try TimelineEvaluation.run(timeline, settings, student: student) { events(.working($0)) })
    }
    try place.finish(records, student, events)
  }

  /// Nil where a file has the vectors.
  private func student() throws -> EvaluatedModel? {
    settings.vectors == nil || settings.timeline != nil ? try place.student() : nil
  }
}

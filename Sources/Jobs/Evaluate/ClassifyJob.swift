import Evaluation

/// What are frozen embeddings worth to a classifier, beside rows that anyone can make?
package struct ClassifyJob: Sendable {
  package let settings: ClassifySettings
  package let place: EvaluationPlace

  package init(_ settings: ClassifySettings, _ place: EvaluationPlace) {
    (self.settings, self.place) = (settings, place)
  }

  /// How many clips would be classified, and how many cannot be used.
  package func plan() throws -> (clips: Int, leftOut: Int) {
    _ = try student()
    let found = try EvaluationClips(settings.data, settings.reading)
    return (found.clips.count, found.leftOut.count)
  }

  package func run(_ events: @escaping (EvaluationEvent) -> Void) throws {
    let student = try student()
    let record = try ClassifyEvaluation.run(settings, student: student, report: events)
    try place.finish([record], student, events)
  }

  /// Nil where no row asks for one.
  private func student() throws -> EvaluatedModel? {
    settings.rows.contains(.probe) || settings.rows.contains(.untrained) ? try place.student() : nil
  }
}

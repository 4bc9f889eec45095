import Evaluation

/// Measures how well classifiers work on frozen embeddings, compared with baselines.
package struct ClassifyJob: Sendable {
  package let settings: ClassifySettings
  package let place: EvaluationPlace

  package init(_ settings: ClassifySettings, _ place: EvaluationPlace) {
    (self.settings, self.place) = (settings, place)
  }

  /// The number of clips that would be classified, and of clips that cannot be used.
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

  /// Nil when no row needs one.
  private func student() throws -> EvaluatedModel? {
    settings.rows.contains(.probe) || settings.rows.contains(.untrained) ? try place.student() : nil
  }
}

import Evaluation

/// Assigns each audio clip the class with the nearest embedding, without training on the data.
package struct ZeroShotJob: Sendable {
  package let settings: ZeroShotSettings
  package let place: EvaluationPlace

  package init(_ settings: ZeroShotSettings, _ place: EvaluationPlace) {
    (self.settings, self.place) = (settings, place)
  }

  /// - Throws: errors of opening the student.
  package func plan() throws { _ = try place.student() }

  package func run(_ events: (EvaluationEvent) -> Void) throws {
    let student = try place.student()
    let record = try ZeroShotEvaluation.run(settings, student: student) { events(.working($0)) }
    try place.finish([record], student, events)
  }
}

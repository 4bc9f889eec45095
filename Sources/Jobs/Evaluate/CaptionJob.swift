import Basics
import Evaluation

/// Scores captions of audio, compared with baselines.
package struct CaptionJob {
  package let settings: CaptionSettings
  package let place: EvaluationPlace
  /// Makes the captioner from the encoder that is evaluated; nil when all captions come from files.
  package let captioner: ((EvaluatedModel) throws -> any Captioner)?

  package init(
    _ settings: CaptionSettings, _ place: EvaluationPlace,
    captioner: ((EvaluatedModel) throws -> any Captioner)? = nil
  ) {
    (self.settings, self.place, self.captioner) = (settings, place, captioner)
  }

  /// - Returns: how many clips are scored, and how many cannot be.
  /// - Throws: errors of opening the student and reading the captions.
  package func plan() throws -> (scored: Int, leftOut: Int) {
    _ = try student()
    let clips = try CaptionClips(settings)
    return (clips.scored.count, clips.leftOut.count)
  }

  package func run(_ events: (EvaluationEvent) -> Void) throws {
    let student = try student()
    var listener: (any Captioner)?
    if let student, let captioner { listener = try captioner(student) }
    let record = try CaptionEvaluation.run(settings, student: student, captioner: listener, report: events)
    try place.finish([record], student, events)
  }

  /// Nil when nothing needs one, or when there is no audio.
  private func student() throws -> EvaluatedModel? {
    let hears = settings.captions == nil || !settings.audio.isEmpty
    let isNeeded = captioner != nil || !Set(settings.rows).isDisjoint(with: [.probe, .untrained])
    return hears && isNeeded ? try place.student() : nil
  }
}

import Basics
import Evaluation
import Runs

/// The newest score of each evaluation next to chance, for the top of the page.
enum ReportHeadline {
  static func part(_ run: RunDirectory) throws -> ReportContent.HeadlinePart {
    let clips = ["train", "validation"].compactMap { split in run.description.clips[split].map { "\($0) \(split)" } }
    let epochs = (run.epochs.map(\.epoch).max() ?? -1) + 1
    let lead = [
      "trained last \(TrainedTime.text(run.trained))", "\(clips.joined(separator: " and ")) clips",
      "\(counted(epochs, "epoch")), \(run.steps.last?.step ?? 0) steps",
      run.description.teacher.map { "teacher \($0)" },
    ].compactMap(\.self).joined(separator: " · ")
    var part = ReportContent.HeadlinePart(lead: lead)
    let records = try EvaluationFile(reading: "\(run.directory)/\(EvaluationFile.name)").latest
    for record in records {
      guard let headline = record.headline else { continue }
      let chance = headline.chance.map { "chance \(EvaluationText.number($0)); " } ?? ""
      // The run may have been trained on since.
      let step = record.step.flatMap { $0 == run.steps.last?.step ? nil : ", weights of step \($0)" } ?? ""
      part.scores.append(
        .init(
          name: "\(record.kind), \(headline.row)", measure: headline.score,
          value: EvaluationText.number(headline.value),
          chance: "\(chance)\(counted(headline.clips, "clip")), \(record.title)\(step)"))
    }
    part.warnings = records.flatMap { record in (record.headline?.cautions ?? []).map { "\(record.kind): \($0)" } }
    if records.isEmpty { part.warnings.append("Not evaluated yet: pipeline evaluate retrieve tells how good it is.") }
    return part
  }
}

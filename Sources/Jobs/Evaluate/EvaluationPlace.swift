import Basics
import Evaluation
import Runs

/// Which student is evaluated, and where its scores go.
package struct EvaluationPlace: Sendable {
  /// A weights file; nil takes the run.
  package var weights: String?
  /// Nil takes the run trained last, or `weights.bin` when there is none.
  package var run: String?
  package var runs = "runs"
  /// Nil writes `evaluation.json` in the run's directory.
  package var out: String?
  /// Nil writes beside the JSON.
  package var markdown: String?

  package init() {}

  /// - Throws: `usage.weights` when both a file and a run are named; errors of opening them.
  func student() throws -> EvaluatedModel { try EvaluatedModel.open(weights: weights, run: run, runs: runs) }

  /// Reports the records and writes them.
  func finish(
    _ records: [EvaluationRecord], _ student: EvaluatedModel?, _ events: (EvaluationEvent) -> Void
  ) throws {
    for record in records { events(.scored(record)) }
    events(.kept(try EvaluationOutput.write(records, out: out, markdown: markdown, student: student)))
  }
}

/// Events of evaluation jobs.
package enum EvaluationEvent: Sendable {
  case working(WorkProgress)
  case note(String)
  case scored(EvaluationRecord)
  /// The files that now hold the scores; empty when there is neither a run's directory nor a name. The last event.
  case kept([String])
}

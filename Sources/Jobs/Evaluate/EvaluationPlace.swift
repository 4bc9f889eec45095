import Basics
import Evaluation
import Runs

/// Which student is evaluated, and where its scores go.
package struct EvaluationPlace: Sendable {
  /// A file; nil takes the run.
  package var weights: String?
  /// Nil: the run trained last, and without any, `weights.bin`.
  package var run: String?
  package var runs = "runs"
  /// Nil: `evaluation.json` in the run's directory.
  package var out: String?
  /// Nil: beside the JSON.
  package var markdown: String?

  package init() {}

  /// - Throws: `usage.student` where both a file and a run are named; what opening them throws.
  func student() throws -> EvaluatedModel {
    if weights != nil, run != nil { throw Failure.twoStudents }
    return try EvaluatedModel.open(weights: weights, run: run, runs: runs)
  }

  /// Tells the records and keeps them.
  func finish(
    _ records: [EvaluationRecord], _ student: EvaluatedModel?, _ events: (EvaluationEvent) -> Void
  ) throws {
    for record in records { events(.scored(record)) }
    events(.kept(try EvaluationOutput.write(records, out: out, markdown: markdown, student: student)))
  }
}

/// What the evaluating jobs tell.
package enum EvaluationEvent: Sendable {
  case working(WorkProgress)
  case note(String)
  case scored(EvaluationRecord)
  /// The files that hold the scores now; none where there is neither a run's directory nor a name. Last of all.
  case kept([String])
}

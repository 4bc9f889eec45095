import Basics

/// One step of a pipeline file.
enum PipelineStep {
  case shell(ShellStage)
  /// Only the frames, for stages that make teacher embeddings from them.
  case frames
  case prepare, distill, export

  /// Whether the step runs between the frames and `prepare`.
  var makesEmbeddings: Bool { if case .shell(let stage) = self { stage.position == .afterFrames } else { false } }

  /// The step's name for `--until`.
  var name: String {
    switch self {
    case .shell(let stage): stage.name
    case .frames: "frames"
    case .prepare: "prepare"
    case .distill: "distill"
    case .export: "export"
    }
  }

  /// All steps in order, up to and including `until`.
  /// - Throws: `usage.until` for a step that does not exist.
  static func all(_ stages: [ShellStage], until: String?) throws -> [PipelineStep] {
    func own(_ position: ShellStage.Position) -> [PipelineStep] {
      stages.filter { $0.position == position }.map { .shell($0) }
    }
    var steps = own(.beforePrepare)
    let afterFrames = own(.afterFrames)
    if !afterFrames.isEmpty { steps += [.frames] + afterFrames }
    steps += [.prepare] + own(.afterPrepare) + [.distill] + own(.afterDistill) + [.export] + own(.afterExport)
    guard let until else { return steps }
    guard let last = steps.firstIndex(where: { $0.name == until }) else {
      throw Failure.noSuchStep(until, known: steps.map(\.name))
    }
    return Array(steps[...last])
  }
}

import Basics
import Corpus
import Media
import Shards
import StageGraph
import Tensors

/// Selects the teacher rows that fall into a clip, by time, and reports problems with them.
package enum SelectEmbeddings: ClipStage {
  package static let name = "select-vectors"
  package static let version = 1
  package static let output = "npy"
  /// Not shared: three requests to a cache take longer than picking rows from a local file.
  package static let isShared = false

  /// The content of the summary.
  struct Summary: Codable {
    var findings: [Finding]
    var rows: Int
    /// Seconds from the clip's start; empty when the source has no times.
    var times: [Double]
    var fps: Double?
    var model: String?
  }

  /// A part does not run this stage; the last `prepare` does.
  package static func isWanted(_ settings: PrepareSettings) -> Bool {
    !settings.embeddings.isEmpty && settings.part == nil
  }

  package static func stage(_ settings: PrepareSettings) -> Stage {
    Stage(
      name: name, version: version,
      parameters: [
        "dimension": "\(settings.teacherWidth)",
        "fps": settings.embeddingFPS.map { "\($0)" } ?? "as the source says",
        "model": settings.embeddingModel ?? "as the source says",
      ])
  }

  package static func inputs(_ clip: PreparedClip, _ settings: PrepareSettings) -> Action.Inputs {
    guard let rows = clip.embeddings else { return [:] }
    let (description, embeddings) = (ActionInput.digest(rows.description), ActionInput.digest(rows.digest))
    let start = ActionInput.digest(ExtractAudio.start(start(clip, rows)))
    let audio = ActionInput.output(of: ExtractAudio.id(clip), named: ActionResult.summaryName)
    guard ExtractFrames.isWanted(settings) else {
      return ["description": description, "sound": audio, "start": start, "vectors": embeddings]
    }
    let frames = ActionInput.output(of: ExtractFrames.id(clip), named: ActionResult.summaryName)
    return [
      "description": description, "frames": frames, "sound": audio, "start": start,
      "vectors": embeddings,
    ]
  }

  package static func applies(to clip: PreparedClip) -> Bool { clip.embeddings != nil }

  /// Digest of the source's description of its rows: their rate decides which rows are selected.
  static func digest(of told: EmbeddingDescription, areOfClip: Bool) -> Digest {
    Digest(of: "\(told.fps.map { "\($0)" } ?? "-") \(told.model ?? "-") \(areOfClip)")
  }

  /// Where the clip begins on the time scale of the rows.
  private static func start(_ clip: PreparedClip, _ embeddings: PreparedClip.Embeddings) -> MediaTime {
    embeddings.areOfClip ? .zero : clip.start
  }

  package static func run(_ clip: PreparedClip, _ inputs: ActionInputs, _ context: ClipContext) throws -> ActionResult {
    guard let embeddings = clip.embeddings, let location = context.embeddings?[embeddings.place] else {
      throw Failure.actionUnknown(id(clip))
    }
    let facts = try ClipFacts(
      audio: inputs.summary("sound"), frames: inputs.names.contains("frames") ? inputs.summary("frames") : nil,
      clip: clip)
    // Without audio or video there is no duration to compare the rows with; another finding reports that.
    guard facts.duration > 0 else {
      return ActionResult(summary: try CanonicalJSON.bytes(Summary(findings: [], rows: 0, times: [])))
    }
    let start = Self.start(clip, embeddings).seconds
    let window = TeacherEmbeddings.Window(
      start: start, duration: facts.duration, fileDuration: embeddings.areOfClip ? facts.duration : facts.fileDuration)
    let fps = location.description.fps
    let selection = try TeacherEmbeddings.select(
      location.rows(), fps: fps, window: window, width: context.settings.teacherWidth)
    let rows = selection.rows?.shape[0] ?? 0
    let first = fps.map { (start * $0 - 1e-6).rounded(.up) } ?? 0
    let times = fps.map { fps in (0..<rows).map { (first + Double($0)) / fps - start } } ?? []
    let summary = Summary(
      findings: selection.findings, rows: rows, times: times, fps: fps, model: location.description.model)
    return ActionResult(
      outputs: try selection.npy().map { [output: $0] } ?? [:], summary: try CanonicalJSON.bytes(summary))
  }
}

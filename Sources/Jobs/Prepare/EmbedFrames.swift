import Basics
import CLIP
import Corpus
import Media
import Shards
import StageGraph
import Tensors

/// Makes the teacher's embeddings from a clip's frames. Without it, `select-vectors` takes them from files.
package enum EmbedFrames: ClipStage {
  package static let name = "embed-frames"
  package static let version = 1
  package static let output = SelectEmbeddings.output

  package static func isWanted(_ settings: PrepareSettings) -> Bool { settings.teacher != nil }

  package static func stage(_ settings: PrepareSettings) -> Stage {
    var parameters = settings.teacher?.model.identity ?? [:]
    parameters["frames"] = settings.teacherFrames.map { "\($0) a clip" } ?? "all"
    parameters["model"] = settings.teacherDigest?.hex ?? "unread"
    return Stage(name: name, version: version, parameters: parameters)
  }

  package static func inputs(_ clip: PreparedClip, _ settings: PrepareSettings) -> Action.Inputs {
    let frames = ExtractFrames.id(clip)
    return [
      "facts": .output(of: frames, named: ActionResult.summaryName),
      "frames": .output(of: frames, named: ExtractFrames.output),
      "sound": .output(of: ExtractAudio.id(clip), named: ActionResult.summaryName),
    ]
  }

  package static func run(_ clip: PreparedClip, _ inputs: ActionInputs, _ context: ClipContext) throws -> ActionResult {
    let settings = context.settings
    guard let teacher = settings.teacher, let rate = settings.frames else { return ActionResult() }
    let facts = try ClipFacts(audio: inputs.summary("sound"), frames: inputs.summary("facts"), clip: clip)
    let all = try FramePack.decode(inputs.bytes("frames")).filter { $0.time < facts.duration }
    let frames = chosen(all, settings.teacherFrames)
    guard !frames.isEmpty else {
      return ActionResult(summary: try CanonicalJSON.bytes(SelectEmbeddings.Summary(findings: [], rows: 0, times: [])))
    }
    let rows = try teacher.embed(frames.map(\.jpeg), source: "a frame of \(clip.id.text)")
    let tensor = Tensor(shape: [rows.count, teacher.width], floats: rows.flatMap(\.self))
    let perSecond = Double(rate.numerator) / Double(rate.denominator)
    let isEven = frames.enumerated().allSatisfy { abs($1.time - Double($0) / perSecond) < 1e-6 }
    let summary = SelectEmbeddings.Summary(
      findings: try TeacherEmbeddings.unsound(tensor, from: 0), rows: rows.count, times: frames.map(\.time),
      fps: isEven ? perSecond : nil, model: settings.teacherDigest.map { teacher.name($0) })
    return ActionResult(
      outputs: [output: try NumpyFile.bytes(of: tensor)], summary: try CanonicalJSON.bytes(summary))
  }

  /// Selects `count` evenly spaced frames, from the middles of equal parts of the clip. Selects all when `count` is nil
  /// or larger than their number.
  private static func chosen(_ frames: [FramePack.Frame], _ count: Int?) -> [FramePack.Frame] {
    guard let count, count < frames.count else { return frames }
    return (0..<count).map { frames[(2 * $0 + 1) * frames.count / (2 * count)] }
  }
}

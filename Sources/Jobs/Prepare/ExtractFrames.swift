import Basics
import Media
import StageGraph

/// A clip's frames at fixed times, as JPEG. The short side has at most 256 pixels, or the teacher's input size if that
/// is larger.
package enum ExtractFrames: ClipStage {
  package static let name = "extract-frames"
  package static let version = 3
  package static let output = "frames"

  package static func isWanted(_ settings: PrepareSettings) -> Bool { settings.frames != nil }

  package static func stage(_ settings: PrepareSettings) -> Stage {
    var parameters = ["fps": settings.frames.map { "\($0)" } ?? "none", "seconds": "\(settings.clipSeconds)"]
    // The usual size is not written, so that results made before other sizes existed remain valid.
    if settings.shortSide != FrameFacts.usualShortSide { parameters["short side"] = "\(settings.shortSide)" }
    settings.codecs.note(in: &parameters)
    return Stage(name: name, version: version, parameters: parameters, toolchain: MediaToolchain.identity)
  }

  package static func inputs(_ clip: PreparedClip, _ settings: PrepareSettings) -> Action.Inputs {
    ExtractAudio.inputs(clip, settings)
  }

  package static func run(_ clip: PreparedClip, _ inputs: ActionInputs, _ context: ClipContext) throws -> ActionResult {
    guard let rate = context.settings.frames else { return ActionResult() }
    return try ExtractAudio.decoded(
      clip, .frames(fps: rate, shortSide: context.settings.shortSide), output: output, context)
  }
}

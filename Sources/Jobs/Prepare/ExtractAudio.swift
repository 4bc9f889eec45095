import Basics
import Corpus
import Media
import StageGraph

/// A clip's audio as 16 kHz mono FLAC, exactly as long as the clip, on the presentation clock.
package enum ExtractAudio: ClipStage {
  package static let name = "extract-audio"
  package static let version = 4
  package static let output = "flac"

  package static func isWanted(_ settings: PrepareSettings) -> Bool { true }

  package static func stage(_ settings: PrepareSettings) -> Stage {
    var parameters = ["rate": "16000", "seconds": "\(settings.clipSeconds)"]
    settings.codecs.note(in: &parameters)
    return Stage(name: name, version: version, parameters: parameters, toolchain: MediaToolchain.identity)
  }

  package static func inputs(_ clip: PreparedClip, _ settings: PrepareSettings) -> Action.Inputs {
    ["source": .digest(clip.source), "start": .digest(start(clip.start))]
  }

  private static let atZero = Digest(of: "0")

  /// The digest of a start time, which is almost always 0.
  static func start(_ time: MediaTime) -> Digest { time == .zero ? atZero : Digest(of: time.text) }

  package static func run(_ clip: PreparedClip, _ inputs: ActionInputs, _ context: ClipContext) throws -> ActionResult {
    try decoded(clip, .audio, output: output, context)
  }

  /// Sends one request to a worker; the reply is the summary, its payload the output.
  static func decoded(
    _ clip: PreparedClip, _ work: DecodeRequest.Work, output: String, _ context: ClipContext
  ) throws -> ActionResult {
    let request = DecodeRequest(
      clip.media, startMilliseconds: clip.startMilliseconds, seconds: clip.seconds, work: work)
    let outcome = try context.workers.decode(request)
    let passing = Set(builtInReasons.filter { !$0.isFinal }.map(\.code))
    return ActionResult(
      outputs: outcome.payload.isEmpty ? [:] : [output: outcome.payload],
      summary: try CanonicalJSON.bytes(outcome.reply),
      isFinal: !outcome.reply.findings.contains { passing.contains($0.code) })
  }
}

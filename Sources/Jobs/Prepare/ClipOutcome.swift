import Basics
import Corpus
import StageGraph

/// The results of the stages for one clip, made once when its actions have ended. Progress, verdict, cache and shard
/// are derived from it.
struct ClipOutcome: Sendable {
  /// Problems with the clip's embeddings that were known before any stage ran, and the findings of the stages.
  var findings: [Finding] = []
  /// Nil when no frames were kept.
  var frames: Artifact?
  /// What goes into a shard; nil when something is missing.
  var sample: Sample?
  /// Seconds of the file after the clip's end; 0 when they are too few to mention.
  var unusedSeconds = 0.0

  struct Sample: Sendable {
    var audio: Artifact
    var embeddings: Artifact
    /// The sample's `.json`.
    var record: [UInt8]

    /// The digest of everything that goes into the shard for a clip.
    func digest(of id: ClipID) -> Digest {
      let hasher = DigestBuilder()
      hasher.update(field: id.text)
      hasher.update(field: audio.digest.hex)
      hasher.update(field: embeddings.digest.hex)
      hasher.update(record)
      return hasher.finish()
    }
  }

  /// The result of one stage.
  struct StageResult: Sendable {
    var summary: [UInt8]
    var record: ActionRecord
  }

  /// - Parameter result: the result of a stage by its name; nil when it gave none.
  /// - Throws: a `Failure` for a summary that cannot be read.
  init(_ clip: PreparedClip, embeddingFindings: [Finding], _ result: (String) throws -> StageResult?) throws {
    guard let audio = try result(ExtractAudio.name) else { return }
    let images = try result(ExtractFrames.name)
    let facts = try ClipFacts(audio: audio.summary, frames: images?.summary, clip: clip)
    frames = images?.record.output(ExtractFrames.output)
    findings = facts.findings + embeddingFindings
    unusedSeconds = facts.unusedSeconds(startingAt: clip.start.seconds)
    guard let embeddings = try result(SelectEmbeddings.name) ?? result(EmbedFrames.name) else { return }
    let selected = try CanonicalJSON.decode(
      SelectEmbeddings.Summary.self, from: embeddings.summary, source: "summary of the vectors of \(clip.id.text)")
    findings += selected.findings
    guard let flac = audio.record.output(ExtractAudio.output),
      let rows = embeddings.record.output(SelectEmbeddings.output)
    else { return }
    sample = Sample(audio: flac, embeddings: rows, record: try SampleRecord(clip, facts, selected).bytes())
  }

  /// The outcome of a clip whose records are in the store.
  init(
    _ clip: PreparedClip, embeddingFindings: [Finding], records: (ActionID) throws -> ActionRecord?
  ) throws {
    try self.init(clip, embeddingFindings: embeddingFindings) { stage in
      try records(ActionID(stage: stage, subject: clip.id.text)).map {
        StageResult(summary: try $0.summary, record: $0)
      }
    }
  }
}

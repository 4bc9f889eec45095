import Basics
import Corpus
import StageGraph

/// What the stages gave for one clip, made once, when its actions have ended: progress, verdict, cache and shard are
/// made of it.
struct ClipOutcome: Sendable {
  /// What the stages found, and what was wrong with the clip's embeddings before any ran; in this order.
  var findings: [Finding] = []
  /// Nil where no frames were kept.
  var frames: Artifact?
  /// What goes into a shard; nil where something is missing.
  var sample: Sample?
  /// Seconds of the file behind the clip's end; 0 where there are as few as need no mention.
  var unusedSeconds = 0.0

  struct Sample: Sendable {
    var audio: Artifact
    var embeddings: Artifact
    /// The sample's `.json`.
    var record: [UInt8]

    /// The digest of all that goes into the shard for a clip.
    func digest(of id: ClipID) -> Digest {
      let hasher = DigestBuilder()
      hasher.update(field: id.text)
      hasher.update(field: audio.digest.hex)
      hasher.update(field: embeddings.digest.hex)
      hasher.update(record)
      return hasher.finish()
    }
  }

  /// What one stage gave.
  struct StageResult: Sendable {
    var summary: [UInt8]
    var record: ActionRecord
  }

  /// - Parameter result: of a stage by its name; nil where it gave none.
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

  /// Of a clip whose records are in the store.
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

import Basics
import Corpus
import StageGraph

/// What the stages gave for one clip, and what they found: read from the store.
struct ClipExamination: Sendable {
  var findings: [Finding] = []
  /// What goes into a shard; nil where something is missing.
  var sample: Sample?

  struct Sample: Sendable {
    var sound: Artifact
    var vectors: Artifact
    /// The sample's `.json`.
    var record: [UInt8]

    /// The digest of all that goes into the shard for a clip.
    func digest(of id: ClipID) -> Digest {
      let hasher = DigestBuilder()
      hasher.update(field: id.text)
      hasher.update(field: sound.digest.hex)
      hasher.update(field: vectors.digest.hex)
      hasher.update(record)
      return hasher.finish()
    }
  }

  /// - Parameter vectorFindings: what was wrong with the clip's vectors before any stage ran.
  init(_ clip: PreparedClip, _ outcome: RunOutcome, vectorFindings: [Finding]) throws {
    guard let sound = outcome[ExtractSound.id(clip)] else { return }
    let facts = try ClipFacts(
      sound: sound.summary, frames: outcome[ExtractFrames.id(clip)]?.summary, clip: clip.id.text)
    findings = facts.findings + vectorFindings
    guard let selected = outcome[SelectVectors.id(clip)] else { return }
    let summary = try CanonicalJSON.decode(
      SelectVectors.Summary.self, from: selected.summary, source: "summary of select-vectors, \(clip.id)")
    findings += summary.findings
    guard let flac = sound.output(ExtractSound.output), let rows = selected.output(SelectVectors.output) else { return }
    sample = Sample(sound: flac, vectors: rows, record: try SampleRecord(clip, facts, summary).bytes())
  }
}

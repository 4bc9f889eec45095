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
    let record = { outcome[ActionID(stage: $0, subject: clip.id.text)] }
    let found = try Self.findings(
      { try record($0)?.summary }, clip: clip.id.text, vectorFindings: vectorFindings)
    guard let found else { return }
    findings = found.all
    guard let selected = found.selected, let flac = record(ExtractSound.name)?.output(ExtractSound.output),
      let rows = record(SelectVectors.name)?.output(SelectVectors.output)
    else { return }
    sample = Sample(sound: flac, vectors: rows, record: try SampleRecord(clip, found.facts, selected).bytes())
  }

  /// What the stages found, from their summaries.
  struct Found {
    var all: [Finding]
    var facts: ClipFacts
    var selected: SelectVectors.Summary?
  }

  /// - Parameter summary: of a stage by its name; nil where it did not run.
  /// - Returns: nil where there is no sound stage's.
  static func findings(
    _ summary: (String) throws -> [UInt8]?, clip: String, vectorFindings: [Finding]
  ) throws -> Found? {
    guard let sound = try summary(ExtractSound.name) else { return nil }
    let facts = try ClipFacts(sound: sound, frames: summary(ExtractFrames.name), clip: clip)
    let selected = try summary(SelectVectors.name).map {
      try CanonicalJSON.decode(SelectVectors.Summary.self, from: $0, source: "summary of select-vectors, \(clip)")
    }
    return Found(all: facts.findings + vectorFindings + (selected?.findings ?? []), facts: facts, selected: selected)
  }
}

import Basics

/// The sentences of this module.
extension Failure {
  static func nothingListed(_ manifest: String, _ videos: [String]) -> Failure {
    Failure(
      "manifest.nothing", "none of the manifest's clips is in the folder", on: videos.joined(separator: ", "), found: manifest,
      hint: "files are named <id>_<start second, six digits>.mp4, or <id>.mp4 for whole videos")
  }

  static func wrongWidth(_ paths: [String], found: Int, expected: Int) -> Failure {
    Failure(
      "embedding.width", "the teacher vectors have the wrong width", on: paths.joined(separator: ", "), found: "\(found)",
      expected: "\(expected)", hint: "CLIP ViT-B/32, ViT-B/16 and RN101 give 512; another model does not fit this student")
  }

  package static let noVectors = Failure(
    "embeddings.absent", "sound and frames are prepared, but there are no teacher vectors",
    hint: """
      give them with --embeddings PATH, or put them into a folder "embeddings" next to the videos; \
      --frames-out DIR writes the frames for a CLIP embedder: Scripts/embed-frames DIR embeddings
      """, exit: .noTeacherVectors)

  package static func tooManyLeftOut(_ leftOut: Int, of total: Int, allowed: Double) -> Failure {
    Failure(
      "clips.left-out", "more clips were left out than allowed; everything else is kept", found: "\(leftOut) of \(total)",
      expected: "at most \(tenths(allowed * 100)) %", hint: "see quarantine.jsonl, or raise --max-bad-fraction", exit: .tooManyLeftOut)
  }

  package static func noPairs(_ leftOut: Int) -> Failure {
    Failure(
      "shards.empty", "no clip can be used, so no shards were written", found: "\(leftOut) left out",
      hint: "the reasons are in the table above: pipeline status --quarantine")
  }

  static func noRun(_ workspace: String) -> Failure {
    Failure("run.none", "nothing was trained yet", on: workspace, hint: "pipeline distill")
  }

  static func unknownRun(_ name: String, known: [String]) -> Failure {
    Failure(
      "run.unknown", "there is no such run", on: name, expected: known.isEmpty ? nil : known.joined(separator: ", "),
      hint: nearest(name, in: known).map { "did you mean \($0)?" })
  }

  static func noCheckpoint(_ run: String) -> Failure {
    Failure("run.empty", "the run has no checkpoint yet", on: run, hint: "pipeline distill")
  }

  package static func drift(_ path: String, found: Float) -> Failure {
    Failure(
      "export.drift", "the file, read back, gives another embedding than the model", on: path, found: "\(found) of the norm",
      expected: "0")
  }
}

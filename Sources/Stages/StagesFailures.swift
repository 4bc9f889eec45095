import Basics

/// The sentences of this module.
extension Failure {
  static func nothingListed(_ manifest: String, _ videos: [String]) -> Failure {
    Failure(
      "manifest.nothing", "none of the manifest's clips is in the folder", on: videos.joined(separator: ", "),
      found: manifest,
      hint: "files are named <id>_<start second, six digits>.mp4, or <id>.mp4 for whole videos")
  }

  static func wrongWidth(_ paths: [String], found: Int, expected: Int) -> Failure {
    Failure(
      "embedding.width", "the teacher vectors have the wrong width", on: paths.joined(separator: ", "),
      found: "\(found)",
      expected: "\(expected)",
      hint: "CLIP ViT-B/32, ViT-B/16 and RN101 give 512; another model does not fit this student")
  }

  package static let noVectors = Failure(
    "embeddings.absent", "sound and frames are prepared, but there are no teacher vectors",
    hint: "give them with --embeddings PATH, or put them into a folder \"embeddings\" next to the videos",
    exit: .noTeacherVectors)

  package static func tooManyLeftOut(_ leftOut: Int, of total: Int, allowed: Double) -> Failure {
    Failure(
      "clips.left-out", "more clips were left out than allowed; everything else is kept",
      found: "\(leftOut) of \(total)",
      expected: "at most \(tenths(allowed * 100)) %", hint: "see quarantine.jsonl, or raise --max-bad-fraction",
      exit: .tooManyLeftOut)
  }

  package static func noPairs(_ leftOut: Int) -> Failure {
    Failure(
      "shards.empty", "no clip can be used, so no shards were written", found: "\(leftOut) left out",
      hint: "the reasons are in the table above: pipeline status --quarantine")
  }

  static func shardUnknown(_ path: String, found: Digest) -> Failure {
    Failure(
      "shard.corrupt", "a training shard is not what was written", on: path, found: "sha256 \(found.short)",
      expected: "one that prepare wrote", hint: "pipeline prepare writes it again")
  }

  static func shardIndexWrong(_ path: String, isThere: Bool) -> Failure {
    Failure(
      "shard.index",
      isThere ? "a file beside the shards does not agree with them" : "a file beside the shards is missing",
      on: path, hint: "pipeline prepare writes it again")
  }

  package static func damaged(_ count: Int, of total: Int, isGivenUp: Bool) -> Failure {
    Failure(
      "verify.damaged", "not everything is what was written", found: "\(count) faults in \(total) artifacts and shards",
      hint: isGivenUp
        ? "pipeline prepare makes exactly that anew"
        : "pipeline verify without --dry-run, then pipeline prepare, makes it anew")
  }

  static func fewFormats(_ there: [String]) -> Failure {
    Failure(
      "doctor.formats", "libavformat reads neither MP4 nor Matroska", found: there.joined(separator: ", "),
      hint: "install the distribution's libavformat")
  }

  static func decodersAbsent(_ names: [String]) -> Failure {
    Failure(
      "doctor.decoders", "clips of some common codecs cannot be read", found: "no \(names.joined(separator: ", "))",
      hint: "install the distribution's full libavcodec (libavcodec-extra)")
  }

  static func notWritable(_ path: String) -> Failure {
    Failure(
      "doctor.writable", "nothing can be written here", on: path,
      hint: "name another place with --workspace or --shards")
  }

  static func littleSpace(_ path: String, _ free: Int) -> Failure {
    Failure(
      "doctor.space", "there is little space left", on: path, found: "\(free >> 20) MiB",
      hint: "pipeline prepare --dry-run says what is needed; pipeline gc gives back what nothing refers to")
  }

  package static func unwell(_ count: Int) -> Failure {
    Failure("doctor.problems", "this machine is not ready", found: "\(count) problems", hint: "see the lines above")
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
      "export.drift", "the file, read back, gives another embedding than the model", on: path,
      found: "\(found) of the norm",
      expected: "0")
  }
}

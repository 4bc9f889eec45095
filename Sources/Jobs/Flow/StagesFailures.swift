import Basics
import Corpus
import StageGraph

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
    hint: """
      give them with --embeddings PATH, or put them into a folder "embeddings" next to the videos; \
      --frames-out DIR writes the frames for a CLIP embedder: Scripts/embed-frames DIR embeddings
      """, exit: .noTeacherVectors)

  package static func tooManyLeftOut(_ leftOut: Int, of total: Int, allowed: Double) -> Failure {
    Failure(
      "clips.left-out", "more clips were left out than allowed; everything else is kept",
      found: "\(leftOut) of \(total)",
      expected: "at most \(tenths(allowed * 100)) %",
      hint: "pipeline status --quarantine lists them; --max-bad-fraction allows more",
      exit: .tooManyLeftOut)
  }

  package static func noPairs(_ leftOut: Int) -> Failure {
    Failure(
      "shards.empty", "no clip can be used, so no shards were written", found: "\(leftOut) left out",
      hint: "the reasons are in the table above: pipeline status --quarantine")
  }

  static func outputUnnamed(_ flag: String) -> Failure {
    Failure("usage.output", "a folder is wanted", on: flag, found: "nothing", exit: .usage)
  }

  static func outputNoFolder(_ flag: String, _ path: String) -> Failure {
    Failure("usage.output", "a folder is wanted", on: "\(flag) \(path)", found: "a file", exit: .usage)
  }

  static func outputIsInput(_ flag: String, _ output: String, _ input: String) -> Failure {
    Failure(
      "usage.output", "a folder that is written is replaced whole, and this one holds what is read or written besides",
      on: "\(flag) \(output)", found: input, expected: "a folder of its own", exit: .usage)
  }

  static func outputIsMount(_ path: String) -> Failure {
    Failure(
      "shards.mount", "the folder is where a volume is mounted, and cannot be exchanged for a new one", on: path,
      hint: "name a folder in the volume: --shards \(path)/shards")
  }

  static func actionUnknown(_ id: ActionID) -> Failure {
    Failure("stage.unknown", "an action stands in the graph that nothing was prepared for", on: "\(id)")
  }

  static func shardsGone(_ folder: String) -> Failure {
    Failure(
      "shards.gone", "the shards that were written are not there", on: folder,
      hint: "pipeline prepare writes them again; --shards names another folder")
  }

  package static func noSuchFolder(_ flag: String, _ path: String) -> Failure {
    Failure("usage.folder", "there is no such folder", on: "\(flag) \(path)", exit: .usage)
  }

  static func memoDiffers(_ id: ClipID) -> Failure {
    Failure(
      "catalog.memo", "what was kept of a clip's verdict is not what the store holds of the clip", on: id.text,
      hint: "move the workspace's catalog.sqlite away and run again: everything is made anew")
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
      "verify.damaged", "not everything is what was written",
      found: "\(count) faults among \(total) artifacts and shards",
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

  static func noAverage(_ run: String) -> Failure {
    Failure(
      "export.average", "the run kept no moving average", on: run,
      hint: "pipeline distill --ema 0.999, or leave --ema out",
      exit: .usage)
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

  static func readBack(_ path: String, _ found: String) -> Failure {
    Failure(
      "export.read-back", "the file, read back, is not what was written", on: path, found: found,
      expected: "the same bits", hint: "check the disk; a file that was there before is untouched")
  }

  static func halfNotCarried(_ path: String, _ format: String) -> Failure {
    Failure(
      "weights.half", "this format is written in float32 alone", on: path, found: "--half for \(format)",
      hint: "write .safetensors, .bin or .pt", exit: .usage)
  }

  static func partsNotCarried(_ path: String, _ format: String) -> Failure {
    Failure(
      "weights.parts", "this format holds what embeds sound and nothing else", on: path,
      found: "--parts all for \(format)", expected: "--parts audio or encoder", exit: .usage)
  }

  static func noPart(_ path: String, _ parts: String, among names: [String]) -> Failure {
    Failure(
      "weights.none", "none of the tensors belongs to the parts that are asked for", on: path,
      found: names.prefix(3).joined(separator: ", "), expected: "names that begin with audio_encoder.",
      hint: "--parts all takes every tensor (now: \(parts))")
  }

  static func halfRange(_ name: String) -> Failure {
    Failure(
      "weights.range", "a weight does not fit float16", on: name, expected: "at most 65504",
      hint: "export without --half")
  }

  package static func drift(_ path: String, found: Float) -> Failure {
    Failure(
      "export.drift", "the file, read back, gives another embedding than the model", on: path,
      found: "\(found) of the norm",
      expected: "0, with --half at most 0.02")
  }
}

/// The sentences about stages of the user's own.
extension Failure {
  static func stageTwice(_ path: String, _ name: String) -> Failure {
    Failure("stages.name", "two stages have one name", on: path, found: name, exit: .usage)
  }

  static func stageLacks(_ place: String, _ key: String, _ expected: String) -> Failure {
    Failure(
      "stages.\(key)", "a stage lacks what it needs", on: place, found: "no \(key)", expected: expected, exit: .usage)
  }

  static func stagePlace(_ place: String, found: [String], known: [String]) -> Failure {
    Failure(
      "stages.place", "a stage says where it stands, once", on: place,
      found: found.isEmpty ? "neither before nor after" : found.joined(separator: ", "),
      expected: known.map { $0.replacing(" ", with: ": ") }.joined(separator: ", "), exit: .usage)
  }

  static func stageLoop(_ place: String, _ input: String, _ output: String) -> Failure {
    Failure(
      "stages.loop", "a stage writes into what it reads, so that it would never be up to date", on: place,
      found: "input \(input), output \(output)", expected: "folders apart", exit: .usage)
  }

  static func stageInput(_ name: String, _ path: String) -> Failure {
    Failure(
      "stages.input", "an input of a stage is not there", on: "\(name), \(path)",
      hint: "an earlier stage makes it, or its path is another: pipeline run --dry-run shows the order")
  }

  static func stageOutput(_ name: String, _ path: String) -> Failure {
    Failure("stages.output", "the command ended well, but a declared output is not there", on: "\(name), \(path)")
  }

  static func stageFailed(_ shell: ShellStage, _ ending: ShellCommand.Ending) -> Failure {
    let lines = ending.lastLines.map { "\n    \($0)" }.joined()
    return Failure(
      "stages.failed", "the command of a stage failed", on: shell.name, found: "exit status \(ending.status)",
      expected: "0",
      hint: ending.lastLines.isEmpty ? nil : "its last lines:\(lines)")
  }
}

/// The sentences of `embed`.
extension Failure {
  static func embedEnding(_ path: String, _ ending: String, known: [String]) -> Failure {
    Failure(
      "embed.ending", "no file of embeddings has this ending", on: path, found: ending.isEmpty ? "none" : ".\(ending)",
      expected: known.map { ".\($0)" }.joined(separator: ", "),
      hint: nearest(ending, in: known).map { "did you mean .\($0)?" }, exit: .usage)
  }

  static func embedSplit(_ folder: String, has splits: [Split]) -> Failure {
    Failure(
      "embed.split", "the shards hold no clips that were kept out of training", on: folder,
      found: splits.map(\.rawValue).joined(separator: ", "), expected: "test or validation",
      hint: "--split train embeds the training clips")
  }

  static func embedSplitOfFiles(_ inputs: [String]) -> Failure {
    Failure(
      "embed.split", "only training shards have splits", on: inputs.joined(separator: ", "),
      expected: "one folder of training shards", exit: .usage)
  }

  package static func soundsLeftOut(_ leftOut: Int, of total: Int, allowed: Double) -> Failure {
    Failure(
      "sounds.left-out", "more sounds were left out than allowed; the others are written",
      found: "\(leftOut) of \(total)", expected: "at most \(tenths(allowed * 100)) %",
      hint: "the reasons are in the lines above, or raise --max-bad-fraction", exit: .tooManyLeftOut)
  }

  static func nothingEmbedded(_ leftOut: [LeftOutSound]) -> Failure {
    let first = leftOut.first
    return Failure(
      "embed.none",
      leftOut.count > 1 ? "none of \(leftOut.count) sounds could be embedded" : "the sound cannot be embedded",
      on: first?.name, found: first.map { "\($0.finding.code): \($0.finding.evidence)" },
      hint: first?.finding.code.rawValue == "sound.long" ? "--windows gives one vector a second" : nil)
  }
}

import Basics
import Corpus
import StageGraph

extension ExitStatus {
  /// Audio and frames are prepared, but there are no embeddings to pair them with.
  package static let noTeacherEmbeddings = ExitStatus(rawValue: 4)
  /// Shards of other clips would have been replaced.
  package static let wouldReplace = ExitStatus(rawValue: 5)
}

/// The error messages of this module.
extension Failure {
  static func mixedWidths(_ paths: [String], _ width: Int, _ other: Int) -> Failure {
    Failure(
      "embedding.width", "the teacher embeddings are of two widths, so they come from two models",
      on: paths.joined(separator: ", "), found: "\(width) and \(other)", expected: "one width",
      hint: "name the embeddings of one model with --embeddings")
  }

  static let partWithoutCache = Failure(
    "part.cache", "parts meet in a remote cache, and none is named", on: "--part",
    expected: "--remote-cache URL", hint: "a server, http://…, or a directory that all see: file:///shared/cache",
    exit: .usage)

  static func notOfPart(_ flag: String) -> Failure {
    Failure(
      "usage.part", "a part knows its own clips alone, so that it cannot do this", on: "--part", found: flag,
      hint: "give it to the last prepare, without --part", exit: .usage)
  }

  static func partUnkept(_ part: WorkPart, _ cache: String, _ count: Int) -> Failure {
    Failure(
      "part.unkept", "the remote cache did not take what this part made", on: cache,
      found: count > 0 ? "\(count) results of part \(part) are not there" : nil,
      hint: "the warnings say why; then run the part again, or leave its clips to the last prepare")
  }

  static let statusWithoutCache = Failure(
    "usage.remote-cache", "no remote cache is named", on: "--remote", expected: "--remote-cache URL", exit: .usage)

  static let unreadCode = "file.unread"

  static func fileUnread(_ path: String) -> Failure {
    Failure(unreadCode, "nobody has read the file yet", on: path)
  }

  package static let noEmbeddings = Failure(
    "embeddings.absent", "audio and frames are prepared, but there are no teacher embeddings",
    hint: """
      --clip DIR makes them with a CLIP model; --embeddings PATH, or a directory "embeddings" next to the videos, gives \
      existing ones; --frames-out DIR writes the frames for a CLIP embedder: Scripts/embed-frames DIR embeddings
      """, exit: .noTeacherEmbeddings)

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

  static func embeddingsOfOthers(_ directory: String, _ found: String?, _ own: String) -> Failure {
    Failure(
      "embeddings.others", "the directory holds files that are not this teacher's; nothing was written there",
      on: directory,
      found: found ?? "no embeddings.json of this tool", expected: own,
      hint: "name a directory of its own with --embeddings-out",
      exit: .usage)
  }

  static func outputUnnamed(_ flag: String) -> Failure {
    Failure("usage.output", "a directory is wanted", on: flag, found: "nothing", exit: .usage)
  }

  static func outputNoDirectory(_ flag: String, _ path: String) -> Failure {
    Failure("usage.output", "a directory is wanted", on: "\(flag) \(path)", found: "a file", exit: .usage)
  }

  static func outputIsInput(_ flag: String, _ output: String, _ input: String) -> Failure {
    Failure(
      "usage.output", "a directory that is written is replaced whole, and this one holds other files that are needed",
      on: "\(flag) \(output)", found: input, expected: "a directory of its own", exit: .usage)
  }

  static func outputIsMount(_ path: String) -> Failure {
    Failure(
      "shards.mount", "the directory is where a volume is mounted, and cannot be exchanged for a new one", on: path,
      hint: "name a directory in the volume: --shards \(path)/shards")
  }

  static func actionUnknown(_ id: ActionID) -> Failure {
    Failure("stage.unknown", "an action stands in the graph that nothing was prepared for", on: "\(id)")
  }

  static func shardsGone(_ directory: String) -> Failure {
    Failure(
      "shards.gone", "the shards that were written are not there", on: directory,
      hint: "pipeline prepare writes them again; --shards names another directory")
  }

  package static func noSuchDirectory(_ flag: String, _ path: String) -> Failure {
    Failure("usage.folder", "there is no such directory", on: "\(flag) \(path)", exit: .usage)
  }

  static func memoDiffers(_ id: ClipID) -> Failure {
    Failure(
      "catalog.memo", "what was kept of a clip's verdict is not what the store holds of the clip", on: id.text,
      hint: "move the workspace's catalog.sqlite away and run again: everything is made anew")
  }

  static func shardsOfOthers(
    _ directory: String, _ gone: Int, of count: Int, example: ClipID, filesAreGone: Bool
  ) -> Failure {
    Failure(
      "shards.others",
      filesAreGone
        ? "many files of the shards' clips are gone; the shards were not touched"
        : "the list of clips lacks clips that the shards hold; the shards were not touched",
      on: directory, found: "\(gone) of \(count) clips are missing, \(example) for one",
      hint: "--shards OTHER writes beside them, --replace in their place"
        + (filesAreGone ? "; is the disk with the videos mounted?" : ""),
      exit: .wouldReplace)
  }

  static func shardsOfOtherSplits(_ directory: String, _ moved: Int, of count: Int, example: ClipID) -> Failure {
    Failure(
      "shards.others", "clips of the shards would change from one split to another; the shards were not touched",
      on: directory, found: "\(moved) of \(count) clips, \(example) for one",
      hint: "--shards OTHER writes beside them, --replace in their place", exit: .wouldReplace)
  }

  static func shardsUnrecorded(_ directory: String) -> Failure {
    Failure(
      "shards.unrecorded", "the workspace has no record of any shard, so there is nothing to check these against",
      on: directory, hint: "name the workspace that they were made in, or prepare them again")
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
      found: "\(counted(count, "fault"))", expected: "\(total) whole artifacts and shards",
      hint: isGivenUp
        ? "pipeline prepare makes exactly that anew"
        : "pipeline verify without --dry-run, then pipeline prepare, makes it anew")
  }
}

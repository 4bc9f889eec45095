import Basics

/// Hints for failures of modules that do not know the commands: which command helps.
enum CommandHints {
  /// Hints by failure code. A failure that has its own hint keeps it.
  static let table: [String: @Sendable (Failure) -> String] = [
    "workspace.missing": { _ in "pipeline prepare VIDEOS makes one; --workspace DIR names another" },
    "workspace.version": { _ in "run pipeline prepare once: it brings the workspace up to date" },
    "artifact.lost": { _ in "run prepare again: what gave them runs again" },
    "shard.damaged": { _ in "make the shard again: pipeline prepare" },
    "shard.duplicate": { _ in "make the shards again into an empty directory: pipeline prepare VIDEOS --shards DIR" },
    "shards.none": { "make them: pipeline prepare VIDEOS --shards \($0.subject ?? "DIR")" },
    "shards.missing": {
      "copy it again, or make the set again: pipeline prepare VIDEOS --shards \($0.subject ?? "DIR")"
    },
    "shards.count": { _ in "make the set again: pipeline prepare VIDEOS" },
    "flac.encode": { _ in "check the library with: pipeline doctor" },
    "reason.unknown": { _ in "pipeline reasons says what each means" },
    "training.sound": { _ in "write the shards again: pipeline prepare" },
    "embeddings.parts": { _ in "write it again: pipeline embed … --part i/n" },
    "worker.start": { _ in "check the installation with: pipeline doctor" },
  ]
}

extension Failure {
  /// The failure with the command that helps, if the module that failed could not name it.
  var hinted: Failure {
    var failure = self
    failure.hint = hint ?? CommandHints.table[code]?(self)
    return failure
  }
}

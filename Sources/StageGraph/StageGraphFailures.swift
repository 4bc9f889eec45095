// The messages of this module.

import Basics

extension Failure {
  // The graph.
  static func unknownStage(_ name: String, known: [String]) -> Failure {
    Failure(
      "graph.stage.unknown", "no stage has this name", on: name, expected: "one of \(known.joined(separator: ", "))",
      hint: nearest(name, in: known).map { "did you mean \($0)?" })
  }

  static func duplicateStage(_ name: String) -> Failure {
    Failure("graph.stage.duplicate", "two stages have one name", on: name)
  }

  static func duplicateAction(_ id: ActionID) -> Failure {
    Failure("graph.action.duplicate", "two actions have one id", on: id.description)
  }

  static func duplicateInput(_ name: String, of id: ActionID) -> Failure {
    Failure("graph.input.duplicate", "an action takes two inputs of one name", on: id.description, found: name)
  }

  static func unknownInput(_ name: String, of id: ActionID, from upstream: ActionID) -> Failure {
    Failure(
      "graph.input.unknown", "an action takes from one that is not in the graph", on: id.description,
      found: "\(name) from \(upstream)")
  }

  static func notInOrder(_ id: ActionID, needs upstream: ActionID) -> Failure {
    Failure(
      "graph.order", "an action stands before what it takes from, or the two need each other", on: id.description,
      expected: "\(upstream) before it")
  }

  static func nameTooLong(_ name: String) -> Failure {
    Failure(
      "graph.name.long", "a name is too long for the catalog", on: "\(name.prefix(80))…",
      found: "\(name.utf8.count) bytes",
      expected: "at most \(RecordBody.longestName)")
  }

  static func noSuchOutput(_ name: String, of id: ActionID) -> Failure {
    Failure("graph.output.unknown", "an action gave no such output", on: id.description, expected: name)
  }

  static func noSuchInput(_ name: String, of id: ActionID) -> Failure {
    Failure(
      "graph.input.missing", "an action asked for an input that it does not have", on: id.description, found: name)
  }

  static func reservedOutput(_ name: String, of id: ActionID) -> Failure {
    Failure("graph.output.reserved", "an action may not name an output so", on: id.description, found: name)
  }

  // The workspace.
  static func noWorkspace(_ path: String) -> Failure {
    Failure("workspace.missing", "no workspace is here", on: path)
  }

  static func workspaceVersion(_ path: String, found: Int, expected: Int) -> Failure {
    Failure(
      "workspace.version", "another version of pipeline made this workspace", on: path, found: "layout \(found)",
      expected: "layout \(expected)",
      hint: found > expected ? "use that newer version, or name another place with --workspace" : nil)
  }

  static func catalog(_ path: String, _ reason: String, isFull: Bool, isDamaged: Bool) -> Failure {
    let hint: String? =
      isFull
      ? "free some space there, then run the same command again: finished work is kept"
      : isDamaged
        ? "move \(path) away and run again: everything is made anew"
        : !Files.isWritable(Files.parent(path))
          ? "even to read it one must be able to write beside it: copy the workspace, and name the copy with --workspace"
          : nil
    return Failure("catalog.failed", "the catalog cannot be used", on: path, found: reason, hint: hint)
  }

  static func damagedRecord(_ path: String, _ what: String) -> Failure {
    Failure(
      "catalog.damaged", "the catalog holds a record that is not whole", on: path, found: what,
      hint: "move \(path) away and run again: everything is made anew")
  }

  // The store.
  static func artifactMissing(_ digest: Digest) -> Failure {
    Failure(
      "artifact.missing", "the store no longer has some bytes", on: digest.short,
      hint: "run the same command again: what gave them runs again")
  }

  static func artifactLost(_ what: String, _ digest: Digest, isCorrupt: Bool) -> Failure {
    Failure(
      "artifact.lost", isCorrupt ? "stored bytes were damaged before" : "stored bytes are gone", on: what,
      expected: digest.short)
  }

  static func artifactCorrupt(_ digest: Digest, in path: String, at offset: Int, found: String) -> Failure {
    Failure(
      "artifact.corrupt", "stored bytes are not what was stored", on: "\(path) at byte \(offset)", found: found,
      expected: digest.short, hint: "run the same command again: what gave them runs again")
  }

  static func readOnlyWorkspace(_ path: String) -> Failure {
    Failure("workspace.readonly", "the workspace was opened for reading only", on: path)
  }

  // Input files.
  static func changingFile(_ path: String) -> Failure {
    Failure(
      "file.changing", "the file changed while it was read", on: path, hint: "wait until it is written, then run again")
  }
}

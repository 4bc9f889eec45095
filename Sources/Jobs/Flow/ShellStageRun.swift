import Basics
import StageGraph

/// Decides whether a shell stage must run and why, by comparing it with the cached graph, and runs it.
///
/// It is an action like any other: its fingerprint covers the command and the content of its inputs. The outputs stay
/// where the command writes them; the action's summary holds their digests, so that missing or changed outputs are
/// detected.
struct ShellStageRun {
  private struct Summary: Codable {
    /// Digests by path.
    var outputs: [String: Digest]
  }

  let shell: ShellStage
  private let catalog: Catalog
  private let store: ArtifactStore
  private let memo: FileDigestCache
  private let history: History
  private let action: Action
  /// Why the stage must run; empty when it is up to date.
  let reasons: [RebuildReason]

  /// Compares inputs and outputs with those of the last run.
  /// - Throws: `stages.input` when an input does not exist.
  init(_ shell: ShellStage, catalog: Catalog) throws {
    (self.shell, self.catalog) = (shell, catalog)
    store = try ArtifactStore(catalog)
    memo = try FileDigestCache(catalog)
    history = try store.history()
    var inputs: [String: ActionInput] = [:]
    for path in shell.inputs {
      guard let digest = try Self.digest(of: path, memo) else { throw Failure.stageInput(shell.name, path) }
      inputs[path] = .digest(digest)
    }
    action = Action(id: shell.id, inputs: Action.Inputs(inputs))
    let plan = try Planner.plan(stages: [shell.stage], actions: [action], history: history)
    switch plan.state(at: 0) {
    case .run(let reasons): self.reasons = reasons
    case .upToDate(let record):
      let summary = try CanonicalJSON.decode(
        Summary.self, from: record.summary, source: "summary of stage \(shell.name)")
      var (missing, changed) = ([String](), [String]())
      for path in shell.outputs {
        guard let now = try Self.digest(of: path, memo) else {
          missing.append(path)
          continue
        }
        if now != summary.outputs[path] { changed.append(path) }
      }
      reasons =
        (missing.isEmpty ? [] : [.outputMissing(missing)]) + (changed.isEmpty ? [] : [.outputChanged(changed)])
    case .waits, .blocked: reasons = [.forced]
    }
    if catalog.isWriter { try memo.save() }
  }

  var isUpToDate: Bool { reasons.isEmpty }

  /// Runs the command and records its outputs.
  /// - Throws: `stages.failed` with its exit status and last lines, `stages.output` when a declared output does not
  ///   exist afterwards; nothing is recorded then, and the next run runs the command again.
  func run(onOutput: @escaping @Sendable (UnsafeRawBufferPointer) -> Void) throws {
    let plan = try Planner.plan(
      stages: [shell.stage], actions: [action], history: history, force: [shell.stage.name])
    let (shell, catalog) = (shell, catalog)
    _ = try Runner(store: store, workers: 1).run(plan) { _, _ in
      let ending = try ShellCommand.run(shell.command, onOutput: onOutput)
      guard ending.status == 0 else { throw Failure.stageFailed(shell, ending) }
      let memo = try FileDigestCache(catalog)
      var outputs: [String: Digest] = [:]
      for path in shell.outputs {
        guard let digest = try Self.digest(of: path, memo) else { throw Failure.stageOutput(shell.name, path) }
        outputs[path] = digest
      }
      try memo.save()
      return ActionResult(summary: try CanonicalJSON.bytes(Summary(outputs: outputs)))
    }
  }

  // MARK: Content

  /// The digest of a file's bytes, or of the names and bytes in a directory; nil when nothing is there.
  static func digest(of path: String, _ memo: FileDigestCache) throws -> Digest? {
    guard Files.exists(path) else { return nil }
    guard Files.isDirectory(path) else { return try memo.digests(of: [path], jobs: 1)[0].get() }
    var files: [String] = []
    try list(path, "", into: &files)
    let hasher = DigestBuilder()
    for (file, digest) in zip(files, try memo.digests(of: files.map { "\(path)/\($0)" }, jobs: 2)) {
      hasher.update(field: file)
      hasher.update(field: try digest.get().hex)
    }
    return hasher.finish()
  }

  /// Files below a directory in byte order, without hidden names and links to directories.
  private static func list(_ root: String, _ directory: String, into files: inout [String]) throws {
    for name in try Files.names(in: directory.isEmpty ? root : "\(root)/\(directory)") where !name.hasPrefix(".") {
      let path = directory.isEmpty ? name : "\(directory)/\(name)"
      switch try Files.identityOfLink("\(root)/\(path)").kind {
      case .directory: try list(root, path, into: &files)
      case .file: files.append(path)
      case .link: if let target = try? Files.identity("\(root)/\(path)"), target.kind == .file { files.append(path) }
      case .other: break
      }
    }
  }
}

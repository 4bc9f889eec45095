import Basics
import StageGraph

/// One shell stage against the cached graph: whether it must run, why, and running it.
///
/// It is an action like any other: its fingerprint is of the command and of the content of its inputs. Its outputs stay
/// where the command puts them; the action's summary holds their digests, so that one that is gone or altered is
/// noticed.
struct ShellStageRun {
  private struct Summary: Codable {
    /// By path.
    var outputs: [String: Digest]
  }

  let shell: ShellStage
  private let catalog: Catalog
  private let store: ArtifactStore
  private let memo: FileDigestCache
  private let history: History
  private let action: Action
  /// Why it runs; empty: it is up to date.
  let reasons: [RebuildReason]

  /// Compares inputs and outputs with the last time.
  /// - Throws: `stages.input` when an input is not there.
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

  /// Runs the command and keeps what it made in mind.
  /// - Throws: `stages.failed` with its exit status and last lines, `stages.output` for a declared output that is not
  ///   there afterwards; then nothing is kept, and the next run runs it again.
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

  /// Files below a directory in byte order; hidden names and links to directories are left out.
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

import Basics
import Corpus
import Media
import Shards
import StageGraph

/// `pipeline prepare`: from a folder of files to a set of training shards.
///
/// Three steps: `survey` finds clips and vectors and reads digests; `plan` says what would run; `run` does it and publishes the
/// shards. Nothing is decoded twice, and every file gets a verdict.
package struct Preparation: Sendable {
  package let settings: PrepareSettings
  let policy: VerdictPolicy
  package private(set) var clips: ClipList
  /// Clips that can be worked on, in id order.
  package private(set) var ready: [PreparedClip] = []
  package private(set) var embeddings: EmbeddingIndex?
  /// Files with vectors that are not used, with the reason.
  package var refusedVectors: [Failure] { embeddings?.refused ?? [] }
  /// Findings about vectors that need no stage: missing, twice, unreadable.
  private(set) var vectorFindings: [String: [Finding]] = [:]

  /// Finds the clips and their vectors.
  /// - Parameter digests: of files in order; hashing is the caller's, who remembers.
  package init(_ settings: PrepareSettings, digests: ([String]) throws -> [Result<Digest, Failure>]) throws {
    self.settings = settings
    policy = try VerdictPolicy(leaveOut: settings.leaveOut, keep: settings.keep)
    let files = try SourceFiles.find(settings.videos)
    clips = ClipList(files: files, manifest: try settings.manifest.map { try Manifest(path: $0) })
    guard !clips.candidates.isEmpty else { throw Failure.nothingListed(settings.manifest ?? "", settings.videos) }
    try readDigests(digests)
    if !settings.embeddings.isEmpty {
      embeddings = try EmbeddingIndex(
        paths: settings.embeddings, fps: settings.embeddingFPS, model: settings.embeddingModel)
      try checkWidth()
      try embeddings?.normalisation()
      lookUpVectors()
    }
  }

  private mutating func readDigests(_ digests: ([String]) throws -> [Result<Digest, Failure>]) throws {
    let openable = clips.candidates.map(\.file).filter { $0.refusal == nil }
    var known: [String: Digest] = [:]
    for (file, result) in zip(openable, try digests(openable.map(\.path))) {
      switch result {
      case .success(let digest): known[file.path] = digest
      case .failure(let failure):
        for i in clips.candidates.indices where clips.candidates[i].file.path == file.path {
          clips.candidates[i].findings.append(Finding(.mediaUnreadable, failure.found ?? failure.what))
        }
      }
    }
    clips.settleCollisions { known[$0.path] }
    for candidate in clips.candidates where policy.decisive(candidate.findings) == nil {
      guard let id = candidate.id, let source = known[candidate.file.path] else { continue }
      if let limit = settings.limit, ready.count >= limit { break }
      guard ready.last?.id != id else { continue }
      ready.append(PreparedClip(candidate: candidate, id: id, source: source))
    }
    if settings.limit != nil {
      let chosen = Set(ready.map(\.id))
      clips.candidates.removeAll { $0.id.map { !chosen.contains($0) } ?? true }
    }
  }

  /// A whole source of the wrong width is the wrong model: that stops the run.
  private func checkWidth() throws {
    guard let widths = embeddings?.widths(), let common = widths.max(by: { ($0.value, $0.key) < ($1.value, $1.key) }) else { return }
    guard common.key == PrepareSettings.dimension else {
      throw Failure.wrongWidth(settings.embeddings, found: common.key, expected: PrepareSettings.dimension)
    }
  }

  private mutating func lookUpVectors() {
    guard let embeddings else { return }
    for i in ready.indices {
      let clip = ready[i]
      let found = embeddings.lookUp([clip.id.text, clip.candidate.file.stem])
      vectorFindings[clip.id.text] = found.findings
      guard found.rows != nil, let location = found.location else { continue }
      ready[i].vectors = [location]
      ready[i].vectorsDigest = found.digest
      let stem = clip.candidate.file.stem
      ready[i].vectorsAreOfClip = found.key == clip.id.text && clip.id.text != stem && clip.id.sourceVideo == stem
    }
  }

  // MARK: The graph

  var stages: [any ClipStage.Type] { BuiltInStages.filter { $0.isWanted(settings) } }

  /// What the clips need, compared with what was done before.
  package func plan(_ history: History) throws -> Plan {
    var actions: [Action] = []
    actions.reserveCapacity(ready.count * stages.count)
    for clip in ready {
      for stage in stages {
        guard let inputs = stage.inputs(clip, settings) else { continue }
        actions.append(Action(id: stage.id(clip), inputs: Action.Inputs(inputs)))
      }
    }
    return try Planner.plan(stages: stages.map { $0.stage(settings) }, actions: actions, history: history)
  }

  /// Runs what the plan says, with decoding in worker processes.
  package func run(_ plan: Plan, store: ArtifactStore, onEvent: @escaping @Sendable (RunEvent) -> Void) throws -> RunOutcome {
    let workers = DecodeWorkers(count: settings.jobs, command: settings.workerCommand)
    defer { workers.stop() }
    let context = ClipContext(settings: settings, workers: workers, embeddings: embeddings)
    let byID = Dictionary(uniqueKeysWithValues: ready.map { ($0.id.text, $0) })
    let byName = Dictionary(uniqueKeysWithValues: stages.map { ($0.name, $0) })
    return try Runner(store: store, workers: settings.jobs, onEvent: onEvent).run(plan) { action, inputs in
      guard let clip = byID[action.id.subject], let stage = byName[action.id.stage] else { return ActionResult() }
      return try stage.run(clip, inputs, context)
    }
  }
}

extension Preparation {
  /// Names of the stages in a plan.
  package func stages(of plan: Plan) -> [String] { plan.stages.map(\.name) }
}

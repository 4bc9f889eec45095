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
  /// - Parameter memo: spares reading what was read before; the caller saves it.
  package init(_ settings: PrepareSettings, memo: FileMemo?) throws {
    self.settings = settings
    policy = try VerdictPolicy(leaveOut: settings.leaveOut, keep: settings.keep)
    let files = try SourceFiles.find(settings.videos)
    clips = ClipList(files: files, manifest: try settings.manifest.map { try Manifest(path: $0) })
    guard !clips.candidates.isEmpty else { throw Failure.nothingListed(settings.manifest ?? "", settings.videos) }
    try readDigests(memo)
    if !settings.embeddings.isEmpty {
      embeddings = try EmbeddingIndex(
        paths: settings.embeddings, fps: settings.embeddingFPS, model: settings.embeddingModel)
      try checkWidth()
      try embeddings?.normalisation()
      try lookUpVectors(memo)
    }
  }

  private mutating func readDigests(_ memo: FileMemo?) throws {
    let openable = clips.candidates.map(\.file).filter { $0.refusal == nil }
    var known: [String: Digest] = [:]
    var unreadable: [String: Finding] = [:]
    let digests =
      try memo?.digests(of: openable.map(\.path), jobs: settings.jobs)
      ?? openable.map { file in Self.reading(file.path) { try Digest.ofFile(file.path) } }
    for (file, result) in zip(openable, digests) {
      switch result {
      case .success(let digest): known[file.path] = digest
      case .failure(let failure): unreadable[file.path] = Finding(.mediaUnreadable, failure.found ?? failure.what)
      }
    }
    if !unreadable.isEmpty {
      for i in clips.candidates.indices {
        if let finding = unreadable[clips.candidates[i].file.path] { clips.candidates[i].findings.append(finding) }
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
    guard let widths = embeddings?.widths(), let common = widths.max(by: { ($0.value, $0.key) < ($1.value, $1.key) })
    else { return }
    guard common.key == PrepareSettings.dimension else {
      throw Failure.wrongWidth(settings.embeddings, found: common.key, expected: PrepareSettings.dimension)
    }
  }

  private mutating func lookUpVectors(_ memo: FileMemo?) throws {
    guard let embeddings else { return }
    let keys = ready.map { [$0.id.text, $0.candidate.file.stem] }
    let places = keys.map(embeddings.places)
    let all = places.flatMap { $0 }
    let digests =
      try memo?.digests(ofParts: all.map { ($0.path, $0.part) }, jobs: settings.jobs) { try all[$0].contentDigest() }
      ?? all.map { place in Self.reading(place.place) { try place.contentDigest() } }
    var start = 0
    for i in ready.indices {
      var next = start
      let found = embeddings.lookUp(keys[i]) { _ in
        defer { next += 1 }
        return try digests[next].get()
      }
      start += places[i].count
      if !found.findings.isEmpty { vectorFindings[ready[i].id.text] = found.findings }
      guard let digest = found.digest, let location = found.location else { continue }
      ready[i].vectors = [location]
      ready[i].vectorsDigest = digest
      let (id, stem) = (ready[i].id, ready[i].candidate.file.stem)
      let isOfClip = !embeddings.locations(for: id).isEmpty
      ready[i].vectorsAreOfClip = isOfClip && id.text != stem && id.sourceVideo == stem
    }
  }

  private static func reading(_ path: String, _ body: () throws -> Digest) -> Result<Digest, Failure> {
    Result(catching: body).mapError {
      $0 as? Failure ?? Failure("file.read", "cannot read", on: path, found: "\($0)")
    }
  }

  // MARK: The graph

  /// Ids of the clips whose verdict in the catalog names one of the reasons to be tried again.
  package func retrying(_ catalog: Catalog) throws -> Set<String> {
    if settings.retry.isEmpty { return [] }
    let codes = Set(try settings.retry.map(VerdictPolicy.known))
    var ids: Set<String> = []
    for item in try catalog.items() {
      let verdict = try CanonicalJSON.decode(
        ClipVerdict.self, from: Array(item.detail.utf8), source: "catalog, \(item.key)")
      if verdict.findings.contains(where: { codes.contains($0.code) }) { ids.insert(verdict.id) }
    }
    return ids
  }

  var stages: [any ClipStage.Type] { BuiltInStages.filter { $0.isWanted(settings) } }

  /// What the clips need, compared with what was done before.
  /// - Parameter retrying: ids of clips whose actions run in any case.
  package func plan(_ history: History, retrying: Set<String> = []) throws -> Plan {
    var actions: [Action] = []
    actions.reserveCapacity(ready.count * stages.count)
    for clip in ready {
      for stage in stages {
        guard let inputs = stage.inputs(clip, settings) else { continue }
        actions.append(Action(id: stage.id(clip), inputs: Action.Inputs(inputs)))
      }
    }
    let forced = retrying.isEmpty ? [] : Set(actions.map(\.id).filter { retrying.contains($0.subject) })
    return try Planner.plan(
      stages: stages.map { $0.stage(settings) }, actions: actions, history: history, forceActions: forced)
  }

  /// Runs what the plan says, with decoding in worker processes.
  package func run(_ plan: Plan, store: ArtifactStore, onEvent: @escaping @Sendable (RunEvent) -> Void) throws
    -> RunOutcome
  {
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

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
  /// By candidate: where it is in `ready`, or -1.
  private(set) var readyOf: [Int32] = []
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
    try settings.checkOutputs()
    let files = try SourceFiles.find(settings.videos, except: settings.notClips)
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
    let openable = clips.candidates.indices.filter { clips.candidates[$0].file.refusal == nil }
    let paths = openable.map { clips.candidates[$0].file.path }
    let found = try memo?.digests(of: paths, jobs: settings.jobs)
    var digests = [Digest?](repeating: nil, count: clips.candidates.count)
    for (position, k) in openable.enumerated() {
      let path = paths[position]
      switch found?[position] ?? Self.reading(path, { try Digest.ofFile(path) }) {
      case .success(let digest): digests[k] = digest
      case .failure(let failure):
        clips.candidates[k].findings.append(Finding(.mediaUnreadable, failure.found ?? failure.what))
      }
    }
    clips.settleCollisions(digests)
    var chosen: [Int] = []
    chosen.reserveCapacity(digests.count)
    ready.reserveCapacity(digests.count)
    for (k, candidate) in clips.candidates.enumerated() where policy.decisive(candidate.findings) == nil {
      guard let id = candidate.id, let source = digests[k] else { continue }
      if let limit = settings.limit, ready.count >= limit { break }
      guard ready.last?.id != id else { continue }
      ready.append(PreparedClip(candidate, id, source: source))
      chosen.append(k)
    }
    if settings.limit != nil {
      // A clip's twins stay with it: each has a verdict.
      let ids = Set(ready.map(\.id))
      let staying = clips.candidates.indices.filter { clips.candidates[$0].id.map(ids.contains) ?? false }
      let places = Dictionary(uniqueKeysWithValues: staying.enumerated().map { ($1, $0) })
      chosen = chosen.compactMap { places[$0] }
      clips.candidates = staying.map { clips.candidates[$0] }
    }
    readyOf = [Int32](repeating: -1, count: clips.candidates.count)
    for (position, k) in chosen.enumerated() { readyOf[k] = Int32(position) }
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
    var descriptions: [EmbeddingDescription: (of: Digest, ofClip: Digest)] = [:]
    var places: [Int32] = []
    var ends: [Int] = []
    for clip in ready {
      places += embeddings.places([clip.id.text, clip.stem]).map { Int32($0) }
      ends.append(places.count)
    }
    let place = { @Sendable [places] (k: Int) in embeddings[Int(places[k])] }
    let digests = try memo?.digests(ofParts: places.count, jobs: settings.jobs) { k in
      let place = place(k)
      return (place.path, place.part)
    } read: {
      try place($0).contentDigest()
    }
    var next = 0
    for i in ready.indices {
      let (id, mine) = (ready[i].id, next..<ends[i])
      let found = EmbeddingLookup(mine.map(place), of: id.text) { place in
        defer { next += 1 }
        return try digests?[next].get() ?? place.contentDigest()
      }
      next = ends[i]
      if !found.findings.isEmpty { vectorFindings[id.text] = found.findings }
      guard let digest = found.digest, let told = found.location?.description else { continue }
      let isOfClip = id.text != ready[i].stem && id.sourceVideo == ready[i].stem && embeddings.has(id.text)
      let known =
        descriptions[told]
        ?? (SelectVectors.digest(of: told, areOfClip: false), SelectVectors.digest(of: told, areOfClip: true))
      descriptions[told] = known
      ready[i].vectors = PreparedClip.Vectors(
        place: Int(places[mine.lowerBound]), areOfClip: isOfClip, digest: digest,
        description: isOfClip ? known.ofClip : known.of)
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
  package func plan(_ history: consuming History, retrying: Set<String> = []) throws -> Plan {
    let actions = ClipActions(ready, stages: stages, settings: settings)
    let forced: Set<ActionID> =
      retrying.isEmpty ? [] : Set((0..<actions.count).map(actions.id).filter { retrying.contains($0.subject) })
    return try Planner.plan(
      stages: stages.map { $0.stage(settings) }, actions: actions, history: history, forceActions: forced)
  }

  /// Gives up the index of the vectors, once no stage can ask for it any more.
  package mutating func forgetVectors() { embeddings = nil }

  /// Names of the stages whose results are shared between workspaces.
  package var sharedStages: Set<String> { Set(stages.filter { $0.isShared }.map { $0.name }) }

  /// How many more threads there are than decoders where results are shared: those that wait for the server.
  private static let transfers = 6

  /// Runs what the plan says, with decoding in worker processes.
  /// - Parameter shared: results of other workspaces.
  package func run(
    _ plan: Plan, store: ArtifactStore, shared: (any SharedResults)? = nil,
    onEvent: @escaping @Sendable (RunEvent) -> Void
  ) throws -> RunOutcome {
    let workers = DecodeWorkers(
      count: settings.jobs, command: settings.workerCommand, limits: DecodeLimits(seconds: settings.timeoutSeconds))
    defer { workers.stop() }
    let context = ClipContext(settings: settings, workers: workers, embeddings: embeddings)
    let byName = Dictionary(uniqueKeysWithValues: stages.map { ($0.name, $0) })
    let threads = settings.jobs + (shared == nil ? 0 : Self.transfers)
    return try Runner(store: store, workers: threads, shared: shared, onEvent: onEvent).run(plan) { action, inputs in
      guard let clip = clip(action.id.subject), let stage = byName[action.id.stage] else {
        throw Failure.actionUnknown(action.id)
      }
      return try stage.run(clip, inputs, context)
    }
  }
}

extension Preparation {
  /// The clip that can be worked on under an id.
  private func clip(_ id: String) -> PreparedClip? {
    var (low, high) = (0, ready.count)
    while low < high {
      let middle = (low + high) / 2
      if precedesInBytes(ready[middle].id.text, id) { low = middle + 1 } else { high = middle }
    }
    return low < ready.count && ready[low].id.text == id ? ready[low] : nil
  }
}

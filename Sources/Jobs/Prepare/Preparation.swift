import Basics
import Corpus
import Media
import RemoteCache
import Shards
import StageGraph

/// The input of a `prepare`: the clips that were found, their digests, their teacher embeddings, and what is known from
/// earlier runs.
package struct Preparation: Sendable {
  package private(set) var settings: PrepareSettings
  let policy: VerdictPolicy
  package private(set) var clips: ClipList
  /// Clips that can be processed, in id order.
  package private(set) var ready: [PreparedClip] = []
  /// For each candidate: its index in `ready`, or -1.
  private(set) var readyOf: [Int32] = []
  package private(set) var embeddings: EmbeddingIndex?
  /// Files with embeddings that are not used, and why.
  package var refusedEmbeddings: [Failure] { embeddings?.refused ?? [] }
  /// Files in the video directories that hold no clips.
  package let ignored: IgnoredFiles
  /// Digest of the manifest's bytes; nil without a manifest.
  let manifestDigest: Digest?
  /// The parts of cut long files that are shorter than a clip.
  private(set) var remainders = ClipList.Remainders()
  /// Findings about embeddings that are known before any stage runs (missing, duplicate, unreadable), by clip id.
  private var findingsOfEmbeddings: [String: [Finding]] = [:]
  /// The files that nobody has read yet, when reading is not allowed; one name for each clip.
  private(set) var unread: [String] = []
  /// Subjects with nothing left to do, and cached verdicts; both empty when nothing was done before.
  private(set) var ledger = SubjectLedger()
  private(set) var verdicts = VerdictCaches()

  /// Finds the clips and their embeddings; decodes nothing. For a part, finds only its own clips, and no embeddings.
  /// - Parameters:
  ///   - catalog: saves reading files that were read before, and stores the digests of the others if it is writable.
  ///     Nil when nothing was done yet.
  ///   - facts: what other workspaces know about files.
  ///   - reads: when false, clips of files whose digest is not known are left out of `ready`.
  init(
    _ settings: PrepareSettings, _ catalog: Catalog?, facts: SharedFileFacts? = nil, reads: Bool = true
  ) throws {
    self.settings = settings
    policy = try VerdictPolicy(leaveOut: settings.leaveOut, keep: settings.keep)
    try settings.checkOutputs()
    // The two background tasks and the listing of files take equally long and do not need each other.
    let knowing = Background { try Known(catalog) }
    let indexing = Background { try Self.index(settings) }
    // Whatever fails, no background work continues after this call.
    defer {
      knowing.wait()
      indexing.wait()
    }
    let found = try SourceFiles(
      settings.videos, except: settings.notClips, followsLinks: settings.followsLinks)
    ignored = found.ignored
    let manifest = try settings.manifest.map { try Manifest(path: $0, clipSeconds: settings.clipSeconds) }
    manifestDigest = manifest?.digest
    clips = ClipList(files: found.files, manifest: manifest)
    guard !clips.candidates.isEmpty else { throw Failure.nothingListed(settings.manifest ?? "", settings.videos) }
    if let part = settings.part { clips.keep(part) }
    let known = try knowing.value()
    (ledger, verdicts) = (known.ledger, known.verdicts)
    defer { if catalog?.isWriter == true { try? known.digests.save() } }
    var digests = try readDigests(known.digests, facts, reads: reads)
    if settings.cut == .every { try cutLongFiles(&digests, FileLengths(settings, catalog, facts), measures: reads) }
    clips.settleCollisions(digests)
    choose(digests)
    try readTeacher(known.digests)
    embeddings = try indexing.value()
    if let width = try embeddings.flatMap(commonWidth) { self.settings.teacherWidth = width }
    try lookUpEmbeddings(known.digests)
  }

  /// What the catalog knows from earlier runs.
  private struct Known: @unchecked Sendable {
    /// Used by one thread at a time: the thread that made it has ended.
    let digests: FileDigestCache
    let ledger: SubjectLedger
    let verdicts: VerdictCaches

    init(_ catalog: Catalog?) throws {
      digests = try FileDigestCache(catalog)
      ledger = try catalog?.ledger() ?? SubjectLedger()
      verdicts = try catalog?.verdictCaches() ?? VerdictCaches()
    }
  }

  private static func index(_ settings: PrepareSettings) throws -> EmbeddingIndex? {
    guard SelectEmbeddings.isWanted(settings) else { return nil }
    let index = try EmbeddingIndex(
      paths: settings.embeddings, fps: settings.embeddingFPS, model: settings.embeddingModel)
    try index.normalization()
    return index
  }

  /// Reads the digest of the teacher's weights, from memory if the file has not changed.
  private mutating func readTeacher(_ cache: FileDigestCache) throws {
    guard let teacher = settings.teacher else { return }
    let path = teacher.model.weightsPath
    settings.teacherDigest = try cache.digests(of: [path], jobs: 1)[0].get()
    settings.teacherWidth = teacher.width
  }

  /// Problems with the embeddings of a clip that can be processed.
  func embeddingFindings(_ clip: Int) -> [Finding] {
    findingsOfEmbeddings.isEmpty ? [] : findingsOfEmbeddings[ready[clip].id.text] ?? []
  }

  /// The digest of each candidate's file; nil for a file that cannot be read, which a finding reports.
  private mutating func readDigests(
    _ cache: FileDigestCache, _ facts: SharedFileFacts?, reads: Bool
  ) throws -> [Digest?] {
    let openable = clips.candidates.indices.filter { clips.candidates[$0].file.refusal == nil }
    let files = openable.map { clips.candidates[$0].file }
    let threads = settings.jobs + (facts == nil ? 0 : RemoteCache.transfers)
    let found = try cache.digests(ofFiles: files, jobs: threads, shared: facts, reads: reads)
    var digests = [Digest?](repeating: nil, count: clips.candidates.count)
    for (position, k) in openable.enumerated() {
      switch found[position] {
      case .success(let digest): digests[k] = digest
      case .failure(let failure) where failure.code == Failure.unreadCode: unread.append(files[position].name)
      case .failure(let failure):
        clips.candidates[k].findings.append(Finding(.mediaUnreadable, failure.found ?? failure.what))
      }
    }
    return digests
  }

  /// Cuts long files into clips over their whole length.
  private mutating func cutLongFiles(_ digests: inout [Digest?], _ lengths: FileLengths, measures: Bool) throws {
    let lengths = try lengths.seconds(of: clips.candidates, digests, measures: measures)
    let cut = clips.cutAll(clipSeconds: settings.clipSeconds, lengths: lengths)
    remainders = cut.remainders
    digests = cut.origins.map { [digests] in digests[$0] }
  }

  /// Chooses the clips that can be processed, up to the limit.
  private mutating func choose(_ digests: [Digest?]) {
    var chosen: [Int] = []
    chosen.reserveCapacity(digests.count)
    ready.reserveCapacity(digests.count)
    for (k, candidate) in clips.candidates.enumerated() where policy.decisive(candidate.findings) == nil {
      guard let id = candidate.id, let source = digests[k] else { continue }
      if let limit = settings.limit, ready.count >= limit { break }
      guard ready.last?.id != id else { continue }
      ready.append(PreparedClip(candidate, id, seconds: settings.clipSeconds, source: source))
      chosen.append(k)
    }
    if settings.limit != nil {
      // Other files with the id of a chosen clip stay too, since each gets a verdict.
      let ids = Set(ready.map(\.id))
      let staying = clips.candidates.indices.filter { clips.candidates[$0].id.map(ids.contains) ?? false }
      let places = Dictionary(uniqueKeysWithValues: staying.enumerated().map { ($1, $0) })
      chosen = chosen.compactMap { places[$0] }
      clips.candidates = staying.map { clips.candidates[$0] }
    }
    readyOf = [Int32](repeating: -1, count: clips.candidates.count)
    for (position, k) in chosen.enumerated() { readyOf[k] = Int32(position) }
  }

  /// The split of a clip: the manifest's if it has splits, otherwise from the split shares, by the source video.
  func split(_ candidate: ClipCandidate, _ id: ClipID) -> Split {
    if clips.hasSplits { return candidate.split ?? .train }
    return (settings.splitShares ?? SplitShares()).split(id.sourceVideo)
  }

  /// The width that most clips have; nil without embeddings. Two common widths mean that the set comes from two models,
  /// which is an error.
  /// - Throws: `embedding.width` when at least a quarter of the clips, and at least two, have another width.
  private func commonWidth(_ index: EmbeddingIndex) throws -> Int? {
    let widths = index.widths().sorted { ($1.value, $1.key) < ($0.value, $0.key) }
    guard let common = widths.first else { return nil }
    let total = widths.reduce(0) { $0 + $1.value }
    if let other = widths.dropFirst().first, other.value >= 2, 4 * other.value >= total {
      throw Failure.mixedWidths(settings.embeddings, common.key, other.key)
    }
    return common.key
  }

  private mutating func lookUpEmbeddings(_ cache: FileDigestCache) throws {
    guard let embeddings else { return }
    var (places, ends): ([Int32], [Int]) = ([], [])
    places.reserveCapacity(ready.count)
    ends.reserveCapacity(ready.count)
    for clip in ready {
      if let only = embeddings.onlyPosition(forKey: clip.id.text) {
        places.append(Int32(only))
      } else {
        let names = [clip.id.text, clip.id.key, clip.stem, ClipID.beforeFirstDot(clip.id.text)]
        places += embeddings.places(names).map { Int32($0) }
      }
      ends.append(places.count)
    }
    let digests = try cache.digests(ofParts: places.count, jobs: settings.jobs) { [places] k in
      embeddings.file(at: Int(places[k]))
    } read: { [places] in
      try embeddings[Int(places[$0])].contentDigest()
    }
    var descriptions = Descriptions()
    var start = 0
    for i in ready.indices {
      let mine = start..<ends[i]
      start = ends[i]
      guard
        let digest = embeddingDigest(
          i, places[mine], in: embeddings, digests: { try digests[mine.lowerBound + $0].get() })
      else { continue }
      let (id, stem) = (ready[i].id, ready[i].stem)
      let isOfClip = id.text != stem && id.sourceVideo == stem && embeddings.has(id.text)
      let place = Int(places[mine.lowerBound])
      ready[i].embeddings = PreparedClip.Embeddings(
        place: place, areOfClip: isOfClip, digest: digest,
        description: descriptions.digest(embeddings.description(at: place), areOfClip: isOfClip))
    }
  }

  /// The digest of a clip's rows; nil when none can be used, which a finding reports.
  /// - Parameter digests: gives the digest of the k-th of `places`.
  private mutating func embeddingDigest(
    _ clip: Int, _ places: ArraySlice<Int32>, in embeddings: EmbeddingIndex, digests: (Int) throws -> Digest
  ) -> Digest? {
    // Nearly every clip has rows in one readable place.
    if places.count == 1, let digest = try? digests(0) { return digest }
    var next = 0
    let found = EmbeddingLookup(places.map { embeddings[Int($0)] }, of: ready[clip].id.text) { _ in
      defer { next += 1 }
      return try digests(next)
    }
    if !found.findings.isEmpty { findingsOfEmbeddings[ready[clip].id.text] = found.findings }
    return found.digest
  }

  /// Digests of the sources' descriptions of their rows. There are few sources, but every clip asks for a digest.
  private struct Descriptions {
    private var known: [EmbeddingDescription: (of: Digest, ofClip: Digest)] = [:]
    private var last: (told: EmbeddingDescription, digests: (of: Digest, ofClip: Digest))?

    mutating func digest(_ told: EmbeddingDescription, areOfClip: Bool) -> Digest {
      if let last, last.told == told { return areOfClip ? last.digests.ofClip : last.digests.of }
      let digests =
        known[told]
        ?? (SelectEmbeddings.digest(of: told, areOfClip: false), SelectEmbeddings.digest(of: told, areOfClip: true))
      known[told] = digests
      last = (told, digests)
      return areOfClip ? digests.ofClip : digests.of
    }
  }

  // MARK: The graph

  /// Ids of the clips whose verdict in the catalog names a reason that is to be tried again.
  package func retrying(_ catalog: Catalog) throws -> Set<String> {
    if settings.retry.isEmpty { return [] }
    let codes = Set(try settings.retry.map(VerdictPolicy.known))
    var ids: Set<String> = []
    for verdict in try ClipVerdict.all(catalog) where verdict.findings.contains(where: { codes.contains($0.code) }) {
      ids.insert(verdict.id)
    }
    return ids
  }

  var stages: [any ClipStage.Type] { settings.stages }

  /// The actions that the clips need, compared with what was done before.
  /// - Parameters:
  ///   - store: nil when nothing was done yet.
  ///   - retrying: ids of clips whose actions run in any case.
  package func plan(_ store: ArtifactStore?, retrying: Set<String> = []) throws -> ClipPlan {
    try ClipPlan(self, store, ledger, retrying: retrying)
  }

  /// Frees the index of the embeddings, once no stage needs it any more.
  package mutating func forgetEmbeddings() { embeddings = nil }

  /// Runs the plan, decoding in worker processes.
  /// - Parameters:
  ///   - shared: results of other workspaces.
  ///   - isInterrupted: called before each action.
  package func run(
    _ plan: ClipPlan, store: ArtifactStore, shared: (any SharedResults)? = nil,
    isInterrupted: @escaping @Sendable () -> Bool = { Interruption.isRequested },
    onEvent: @escaping @Sendable (RunEvent) -> Void
  ) throws -> RunOutcome {
    let workers = DecodeWorkers(
      count: settings.jobs, command: settings.workerCommand, limits: DecodeLimits(seconds: settings.timeoutSeconds))
    defer { workers.stop() }
    let context = ClipContext(settings: settings, workers: workers, embeddings: embeddings)
    let threads = settings.jobs + (shared == nil ? 0 : RemoteCache.transfers)
    let (actions, ready) = (plan.actions, ready)
    let runner = Runner(
      store: store, workers: threads, shared: shared, isInterrupted: isInterrupted, onEvent: onEvent)
    return try runner.run(plan.open) { _, inputs in
      let clip = ready[actions.clip(at: inputs.position)]
      return try actions.stage(at: inputs.position).run(clip, inputs, context)
    }
  }
}

import Basics
import Corpus
import Dispatch
import Shards
import StageGraph

/// The content that a directory of shards should have.
package struct ShardSets: Sendable {
  /// One clip's part of a shard.
  struct Item: Sendable {
    var id: ClipID
    /// The digest of everything that goes into the shard for this clip.
    var digest: Digest
    /// Identifies the item for `write`.
    var key: Int
  }

  /// The stage that makes the shards; it is part of their fingerprints.
  var stage: Stage
  /// Items in id order, by the prefix of their shards' names: `train`, `frames`.
  var items: [String: [Item]]
  /// All prefixes in this order, including those without items.
  var names: [String]
  /// Other files beside the shards, by name.
  var beside: [String: [UInt8]] = [:]
  /// Adds one item to a shard.
  var write: @Sendable (Item, TrainingShardWriter, ArtifactStore) throws -> Void
}

/// Writes sets of shards so that a set changes as little as its clips do, and is replaced completely or not at all.
///
/// The ids of clips decide which clips share a shard. A shard whose content exists already, under whatever number, is
/// linked instead of written. The new directory is built beside the old one and takes its place at the end.
package struct ShardPublisher: Sendable {
  package struct Job: Sendable {
    package var name: String
    package var fingerprint: Digest
    var items: ArraySlice<ShardSets.Item>
    /// The file in the present directory with these bytes.
    package var present: String?
    /// The catalog's record of these bytes, under this job's name.
    var known: TrainingShard?
    /// Whether the index beside `present` is correct.
    var indexIsThere = false
    package var clips: Int { items.count }
    package var reason: RebuildReason
  }

  package let directory: String
  /// The real directory when `directory` is a link.
  private let place: String
  package let jobs: [Job]
  private let stale: [String]
  private let sets: ShardSets
  private let catalog: Catalog
  private let threads: Int
  private let lock: FileLock?

  /// Compares the wanted shards with those in `directory`.
  /// - Parameters:
  ///   - target: the average number of clips in a shard.
  ///   - threads: how many shards are read or written in parallel.
  ///   - writing: whether to take the directory's lock; false for a dry run.
  package init(
    _ sets: ShardSets, directory: String, target: Int, catalog: Catalog, threads: Int, writing: Bool
  ) throws {
    var directory = directory
    while directory.count > 1, directory.hasSuffix("/") { directory.removeLast() }
    self.directory = directory
    self.catalog = catalog
    self.sets = sets
    self.threads = threads
    place = Files.resolved(directory) ?? directory
    if writing { try Files.makeDirectory(Files.parent(place)) }
    if writing, Files.exists(place), try Files.identity(place).device != Files.identity(Files.parent(place)).device {
      throw Failure.outputIsMount(directory)
    }
    lock =
      writing
      ? try FileLock("\(Files.parent(place))/.\(Files.name(place)).lock", of: directory, hint: "wait for it to end")
      : nil
    if writing {
      try Self.replacement(place).recover()
      try Self.clear(Self.building(place), to: place, sets)
    }
    let present = try Self.presentDigests(
      directory, sets.names, catalog, threads: threads, writing: writing)
    var jobs: [Job] = []
    let rows = try catalog.shards()
    let writtenBefore = Dictionary(
      rows.map { ($0.fingerprint, TrainingShard($0)) }, uniquingKeysWith: { first, _ in first })
    let written = Set(rows.map(\.digest))
    for set in sets.names {
      let items = sets.items[set] ?? []
      let boundaries = ShardBoundaries(target: target, least: max(1, target / 4), most: target * 4)
      // Shards are consecutive ranges of the items.
      let runs = boundaries.runs(ids: items.map(\.id))
      let fingerprints = Self.fingerprints(sets.stage, items, runs)
      for (number, run) in runs.enumerated() {
        let (members, fingerprint) = (items[run], fingerprints[number])
        let known = writtenBefore[fingerprint]
        let name = TrainingShard.name(set, number)
        let match = known.flatMap { shard in
          present[name] == shard.digest ? name : present.filter { $0.value == shard.digest }.keys.min()
        }
        let reason = Self.reason(name, isKnown: known != nil, found: present[name], written)
        let index = match.map { Files.name(TrainingShard.indexPath($0)) }.flatMap { present[$0] }
        jobs.append(
          Job(
            name: name, fingerprint: fingerprint, items: members, present: match, known: known?.renamed(name),
            indexIsThere: index != nil && (known?.index == nil || known?.index == index), reason: reason))
      }
    }
    self.jobs = jobs
    let names = Set(jobs.map(\.name))
    stale = present.keys.filter { TrainingShard.parseSet($0) != nil && !names.contains($0) }.sorted()
  }

  /// Whether the directory already holds all of this.
  package var isUpToDate: Bool {
    stale.isEmpty && jobs.allSatisfy { $0.present == $0.name && $0.indexIsThere } && setIndexIsThere
      && sets.beside.allSatisfy { (try? Files.read("\(directory)/\($0.key)")) == $0.value }
  }

  private var setIndexIsThere: Bool {
    var shards: [String: [TrainingShard]] = [:]
    for shard in jobs.compactMap(\.known) {
      if let set = TrainingShard.parseSet(shard.name)?.set { shards[set, default: []].append(shard) }
    }
    guard let files = try? ShardSetIndex.files(shards) else { return false }
    return files.allSatisfy { (try? Files.read("\(directory)/\($0.key)")) == $0.value }
  }

  package var toWrite: [Job] { jobs.filter { $0.present == nil } }

  /// Every shard that was ever written from this workspace.
  static func written(_ catalog: Catalog) throws -> [TrainingShard] { try catalog.shards().map { TrainingShard($0) } }

  /// The fingerprint of each shard's content. Uses several threads.
  private static func fingerprints(_ stage: Stage, _ items: [ShardSets.Item], _ runs: [Range<Int>]) -> [Digest] {
    [Digest](unsafeUninitializedCapacity: runs.count) { slots, filled in
      nonisolated(unsafe) let base = slots.baseAddress
      DispatchQueue.concurrentPerform(iterations: runs.count) { k in
        let fingerprint = Fingerprint.of(stage, inputs: items[runs[k]].map { ($0.id.text, $0.digest) })
        if let base { (base + k).initialize(to: fingerprint) }
      }
      filled = runs.count
    }
  }

  /// Why a shard is written or taken from another name.
  /// - Parameters:
  ///   - isKnown: whether the same clips were written before.
  ///   - found: the digest of the file that has the name now.
  ///   - written: the digests of all shards that were ever written.
  private static func reason(
    _ name: String, isKnown: Bool, found: Digest?, _ written: Set<Digest>
  ) -> RebuildReason {
    guard let found else { return isKnown ? .outputMissing([name]) : .neverBuilt }
    return isKnown && !written.contains(found) ? .outputCorrupt([name]) : .inputChanged(["clips of \(name)"])
  }

  /// The digests of the shards and their indexes in the directory. Files that were hashed before are not read again.
  private static func presentDigests(
    _ directory: String, _ sets: [String], _ catalog: Catalog, threads: Int, writing: Bool
  ) throws -> [String: Digest] {
    guard Files.isDirectory(directory) else { return [:] }
    let names = try Files.names(in: directory).filter { isShardOrIndex($0, of: sets) }
    let cache = try FileDigestCache(catalog, below: directory)
    let results = try cache.digests(of: names.map { "\(directory)/\($0)" }, jobs: threads)
    if writing { try cache.save() }
    var digests: [String: Digest] = [:]
    for (name, result) in zip(names, results) { if case .success(let digest) = result { digests[name] = digest } }
    return digests
  }

  // MARK: Writing

  /// Builds the set beside the directory and exchanges the two.
  /// - Parameter onShard: called for each shard that was written, on any thread.
  package func publish(_ store: ArtifactStore, onShard: @escaping @Sendable (Job) -> Void) throws {
    let building = Self.building(place)
    try Files.makeDirectory(building)
    do {
      try fill(building, store, onShard)
      try Files.sync(directory: building)
      if Files.isDirectory(place) {
        try Self.replacement(place).run()
      } else {
        try Files.rename(building, to: place)
      }
      try Files.sync(directory: Files.parent(place))
    } catch {
      try? Self.clear(building, to: place, sets)
      throw error
    }
    try Self.clear(building, to: place, sets)
  }

  private static func replacement(_ place: String) -> DirectoryReplacement {
    DirectoryReplacement(place, by: building(place))
  }

  /// Where the new set is built, beside the directory.
  private static func building(_ place: String) -> String { "\(Files.parent(place))/.\(Files.name(place)).building" }

  /// Removes an unfinished new set or the replaced old one, both at the end and at the start after a kill. Files of the
  /// user in the replaced directory are moved back first.
  private static func clear(_ building: String, to place: String, _ sets: ShardSets) throws {
    guard Files.isDirectory(building) else { return }
    for name in try Files.names(in: building) where !isOurs(name, sets) && !Files.exists("\(place)/\(name)") {
      try Files.makeDirectory(place)
      try Files.rename("\(building)/\(name)", to: "\(place)/\(name)")
    }
    try Files.remove(building)
  }

  private func fill(
    _ building: String, _ store: ArtifactStore, _ onShard: @escaping @Sendable (Job) -> Void
  ) throws {
    let written = try writeMissing(building, store, onShard)
    var shards: [String: [TrainingShard]] = [:]
    for job in jobs {
      let shard = written[job.name] ?? job.known
      if job.present != nil { try link(job, into: building) }
      if let shard, let set = TrainingShard.parseSet(job.name)?.set { shards[set, default: []].append(shard) }
    }
    try ShardSetIndex.write(shards, directory: building)
    for (name, bytes) in sets.beside.sorted(by: { $0.key < $1.key }) {
      try Files.write(bytes, to: "\(building)/\(name)")
    }
  }

  /// Writes the shards that do not exist yet, and returns them by name. After a failure no further shard is started.
  private func writeMissing(
    _ building: String, _ store: ArtifactStore, _ onShard: @escaping @Sendable (Job) -> Void
  ) throws -> [String: TrainingShard] {
    let missing = toWrite
    let written = try parallelMap(missing.count, threads: threads) { k in
      if Interruption.isRequested { throw Interruption.failure }
      let shard = try write(missing[k], into: building, store)
      try catalog.set(shard: ShardRow(shard, fingerprint: missing[k].fingerprint))
      onShard(missing[k])
      return shard
    }
    return Dictionary(uniqueKeysWithValues: zip(missing.map(\.name), written))
  }

  /// Links a shard of the present directory into the new one.
  private func link(_ job: Job, into building: String) throws {
    guard let present = job.present else { return }
    try Files.linkOrCopy("\(directory)/\(present)", to: "\(building)/\(job.name)")
    let index = TrainingShard.indexPath("\(building)/\(job.name)")
    if job.indexIsThere {
      try Files.linkOrCopy(TrainingShard.indexPath("\(directory)/\(present)"), to: index)
    } else {
      try Files.write(try TrainingShardIndex.bytes(ofTar: "\(directory)/\(present)"), to: index)
    }
  }

  private func write(_ job: Job, into building: String, _ store: ArtifactStore) throws -> TrainingShard {
    let writer = try TrainingShardWriter("\(building)/\(job.name)")
    for item in job.items { try sets.write(item, writer, store) }
    return try writer.finish()
  }

  private static func isOurs(_ name: String, _ sets: ShardSets) -> Bool {
    if name == ShardSetIndex.sizesName || sets.beside[name] != nil || OutputFile.isLeftOver(name) { return true }
    return isShardOrIndex(name, of: sets.names) || sets.names.contains { ShardSetIndex.widsName($0) == name }
  }

  private static func isShardOrIndex(_ name: String, of sets: [String]) -> Bool {
    let tar = name.hasSuffix(".idx") ? name.dropLast(4) + ".tar" : name
    return TrainingShard.parseSet(tar).map { sets.contains($0.set) } == true
  }
}

extension TrainingShard {
  fileprivate init(_ row: ShardRow) {
    self.init(name: row.name, digest: row.digest, byteCount: row.bytes, sampleCount: row.samples, index: row.index)
  }
}

extension ShardRow {
  fileprivate init(_ shard: TrainingShard, fingerprint: Digest) {
    self.init(
      fingerprint: fingerprint, name: shard.name, digest: shard.digest, bytes: shard.byteCount,
      samples: shard.sampleCount, index: shard.index)
  }
}

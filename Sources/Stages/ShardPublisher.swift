import Basics
import Corpus
import Shards
import StageGraph

/// Writes a set of training shards so that it changes as little as its clips do, and appears whole or not at all.
///
/// Which clips share a shard follows from their ids; a shard whose content is there already, under whatever number, is linked,
/// not written. The new set is built in a sibling folder and exchanged for the old one in one step.
package struct ShardPublisher: Sendable {
  package struct Job: Sendable {
    package var name: String
    package var fingerprint: Digest
    var pairs: [Pair]
    /// The file of the present set with these bytes.
    package var present: String?
    /// What the catalog knows of these bytes, under this job's name.
    var known: TrainingShard?
    /// Whether the index beside `present` is what it should be.
    var indexIsThere = false
    package var samples: Int { pairs.count }
    package var reason: RebuildReason
  }

  package static let stage = Stage(
    name: "write-shards", version: 1, parameters: ["format": "webdataset", "audio": "flac", "vectors": "npy"])
  /// Lists what was left out, one clip a line, beside the shards.
  package static let quarantineName = "quarantine.jsonl"

  package let folder: String
  package let jobs: [Job]
  private let stale: [String]
  private let quarantine: [UInt8]
  private let catalog: Catalog
  private let lock: FileLock?

  /// Compares what the pairs need with what is in `folder`.
  /// - Parameter writing: takes the folder's lock; false for a dry run.
  package init(_ prepared: PreparedPairs, folder: String, target: Int, catalog: Catalog, writing: Bool) throws {
    var folder = folder
    while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
    self.folder = folder
    self.catalog = catalog
    if writing { try Files.makeFolder(Files.parent(folder)) }
    lock = writing ? try FileLock("\(Files.parent(folder))/.\(Files.name(folder)).lock") : nil
    quarantine = try Self.quarantine(prepared.verdicts)
    let present = try Self.presentDigests(folder, catalog, writing: writing)
    var jobs: [Job] = []
    for split in Split.allCases {
      let pairs = prepared.pairs.filter { $0.split == split }
      let byID = Dictionary(uniqueKeysWithValues: pairs.map { ($0.id, $0) })
      let boundaries = ShardBoundaries(target: target, least: max(1, target / 4), most: target * 4)
      for (number, ids) in boundaries.plan(ids: pairs.map(\.id)).enumerated() {
        let members = ids.compactMap { byID[$0] }
        let fingerprint = Fingerprint.of(
          Self.stage, inputs: Dictionary(uniqueKeysWithValues: members.map { ($0.id.text, $0.digest) }))
        let known = try Self.known(fingerprint, catalog)
        let name = TrainingShard.name(split, number)
        let match = known.flatMap { shard in
          present[name] == shard.digest ? name : present.filter { $0.value == shard.digest }.keys.min()
        }
        let reason: RebuildReason =
          known == nil
          ? (present[name] == nil ? .neverBuilt : .inputChanged(["clips of \(name)"]))
          : present[name] == nil ? .outputMissing([name]) : .outputCorrupt([name])
        let index = match.map { Files.name(TrainingShard.indexPath($0)) }.flatMap { present[$0] }
        jobs.append(
          Job(
            name: name, fingerprint: fingerprint, pairs: members, present: match, known: known?.renamed(name),
            indexIsThere: index != nil && (known?.index == nil || known?.index == index), reason: reason))
      }
    }
    self.jobs = jobs
    let names = Set(jobs.map(\.name))
    stale = present.keys.filter { TrainingShard.parse($0) != nil && !names.contains($0) }.sorted()
  }

  /// Whether the folder holds this set already.
  package var isUpToDate: Bool {
    stale.isEmpty && jobs.allSatisfy { $0.present == $0.name && $0.indexIsThere } && setIndexIsThere
      && (try? Files.read("\(folder)/\(Self.quarantineName)")) == quarantine
  }

  private var setIndexIsThere: Bool {
    var shards: [Split: [TrainingShard]] = [:]
    for shard in jobs.compactMap(\.known) {
      if let split = TrainingShard.parse(shard.name)?.split { shards[split, default: []].append(shard) }
    }
    guard let files = try? ShardSetIndex.files(shards) else { return false }
    return files.allSatisfy { (try? Files.read("\(folder)/\($0.key)")) == $0.value }
  }

  package var toWrite: [Job] { jobs.filter { $0.present == nil } }

  /// Before the fingerprint in the notes about shards.
  static let notePrefix = "shard "

  private static func key(_ fingerprint: Digest) -> String { notePrefix + fingerprint.hex }

  private static func known(_ fingerprint: Digest, _ catalog: Catalog) throws -> TrainingShard? {
    guard let text = try catalog.note(key(fingerprint)) else { return nil }
    return try? CanonicalJSON.decode(TrainingShard.self, from: Array(text.utf8), source: "catalog")
  }

  /// The shards and their indexes in the folder with the digests of their bytes; those that were hashed before are not read again.
  private static func presentDigests(_ folder: String, _ catalog: Catalog, writing: Bool) throws -> [String: Digest] {
    guard Files.isFolder(folder) else { return [:] }
    let names = try Files.names(in: folder).filter { TrainingShard.parse($0) != nil || $0.hasSuffix(".idx") }
    let memo = try FileMemo(catalog)
    let results = try memo.digests(of: names.map { "\(folder)/\($0)" }, jobs: 2)
    if writing { try memo.save() }
    var digests: [String: Digest] = [:]
    for (name, result) in zip(names, results) { if case .success(let digest) = result { digests[name] = digest } }
    return digests
  }

  private static func quarantine(_ verdicts: [ClipVerdict]) throws -> [UInt8] {
    var bytes: [UInt8] = []
    for verdict in verdicts where verdict.state == .leftOut { bytes += try CanonicalJSON.bytes(verdict) + [0x0A] }
    return bytes
  }

  // MARK: Writing

  /// Builds the set beside the folder and exchanges them.
  package func publish(_ store: ArtifactStore, onShard: (Job) -> Void) throws {
    let building = "\(Files.parent(folder))/.\(Files.name(folder)).building"
    try clear(building)
    try Files.makeFolder(building)
    do {
      try fill(building, store, onShard)
      try Files.sync(folder: building)
      if Files.isFolder(folder) {
        try Files.exchange(building, folder)
      } else {
        try Files.rename(building, to: folder)
      }
      try Files.sync(folder: Files.parent(folder))
    } catch {
      try? clear(building)
      throw error
    }
    try clear(building)
  }

  /// Removes what was built and not finished, or what was replaced. Files of the user's own that lay in the replaced folder go
  /// back to it first.
  private func clear(_ building: String) throws {
    guard Files.isFolder(building) else { return }
    for name in try Files.names(in: building) where !Self.isOurs(name) && !Files.exists("\(folder)/\(name)") {
      try Files.rename("\(building)/\(name)", to: "\(folder)/\(name)")
    }
    try Files.remove(building)
  }

  private func fill(_ building: String, _ store: ArtifactStore, _ onShard: (Job) -> Void) throws {
    var written: [Split: [TrainingShard]] = [:]
    for job in jobs {
      if Interruption.isRequested { throw Interruption.failure }
      let shard: TrainingShard
      if let present = job.present, let known = job.known {
        shard = known
        try Files.link("\(folder)/\(present)", to: "\(building)/\(job.name)")
        let index = TrainingShard.indexPath("\(building)/\(job.name)")
        if job.indexIsThere {
          try Files.link(TrainingShard.indexPath("\(folder)/\(present)"), to: index)
        } else {
          try Files.write(try TrainingShardIndex.bytes(ofTar: "\(folder)/\(present)"), to: index)
        }
      } else {
        shard = try write(job, into: building, store)
        try catalog.set(note: Self.key(job.fingerprint), try CanonicalJSON.text(shard))
        onShard(job)
      }
      if let split = TrainingShard.parse(job.name)?.split { written[split, default: []].append(shard) }
    }
    try ShardSetIndex.write(written, folder: building)
    try Files.write(quarantine, to: "\(building)/\(Self.quarantineName)")
  }

  private func write(_ job: Job, into building: String, _ store: ArtifactStore) throws -> TrainingShard {
    let writer = try TrainingShardWriter("\(building)/\(job.name)")
    for pair in job.pairs {
      try writer.add(
        pair.id, [.clip: try store.read(pair.vectors), .sound: try store.read(pair.sound), .record: pair.record])
    }
    return try writer.finish()
  }

  private static func isOurs(_ name: String) -> Bool {
    TrainingShard.parse(name) != nil || name == ShardSetIndex.sizesName || name == quarantineName
      || OutputFile.isLeftOver(name)
      || Split.allCases.contains { ShardSetIndex.widsName($0) == name }
      || (name.hasSuffix(".idx") && TrainingShard.parse(name.dropLast(4) + ".tar") != nil)
  }
}

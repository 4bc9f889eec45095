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
          known == nil ? (present[name] == nil ? .neverBuilt : .inputChanged(["clips of \(name)"]))
          : present[name] == nil ? .outputMissing([name]) : .outputCorrupt([name])
        jobs.append(Job(name: name, fingerprint: fingerprint, pairs: members, present: match, reason: reason))
      }
    }
    self.jobs = jobs
    stale = present.keys.filter { name in !jobs.contains { $0.name == name } }.sorted()
  }

  /// Whether the folder holds this set already.
  package var isUpToDate: Bool {
    stale.isEmpty && jobs.allSatisfy { $0.present == $0.name }
      && Files.exists("\(folder)/\(ShardSetIndex.sizesName)")
      && jobs.allSatisfy { Files.exists(TrainingShard.indexPath("\(folder)/\($0.name)")) }
      && (try? Files.read("\(folder)/\(Self.quarantineName)")) == quarantine
  }

  package var toWrite: [Job] { jobs.filter { $0.present == nil } }

  private static func key(_ fingerprint: Digest) -> String { "shard \(fingerprint.hex)" }

  private static func known(_ fingerprint: Digest, _ catalog: Catalog) throws -> TrainingShard? {
    guard let text = try catalog.note(key(fingerprint)) else { return nil }
    return try? CanonicalJSON.decode(TrainingShard.self, from: Array(text.utf8), source: "catalog")
  }

  /// The shards in the folder with the digests of their bytes; those that were hashed before are not read again.
  private static func presentDigests(_ folder: String, _ catalog: Catalog, writing: Bool) throws -> [String: Digest] {
    guard Files.isFolder(folder) else { return [:] }
    let names = try Files.names(in: folder).filter { TrainingShard.parse($0) != nil }
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
      if let present = job.present, let known = try Self.known(job.fingerprint, catalog) {
        shard = TrainingShard(name: job.name, digest: known.digest, byteCount: known.byteCount, sampleCount: known.sampleCount)
        try Files.link("\(folder)/\(present)", to: "\(building)/\(job.name)")
        let index = TrainingShard.indexPath("\(folder)/\(present)")
        if Files.exists(index) { try Files.link(index, to: TrainingShard.indexPath("\(building)/\(job.name)")) }
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
    TrainingShard.parse(name) != nil || name == ShardSetIndex.sizesName || name == quarantineName || OutputFile.isLeftOver(name)
      || Split.allCases.contains { ShardSetIndex.widsName($0) == name }
      || (name.hasSuffix(".idx") && TrainingShard.parse(name.dropLast(4) + ".tar") != nil)
  }
}

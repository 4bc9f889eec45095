import Basics
import Corpus
import Shards
import StageGraph

/// Reads every shard of a directory and compares it with what was written.
///
/// Each shard must have bytes that `prepare` wrote, its index must match it, and the index files of the set must match
/// all shards. The list of what was left out of training shards must match the catalog, and the table of all clips must
/// be the one that was written.
package struct ShardVerification {
  package enum Kind: Sendable {
    case training, frames

    /// The prefixes of the names of its shards.
    var sets: [String] { self == .training ? Split.allCases.map(\.rawValue) : [FrameShards.set] }

    /// Whether a file's name is that of one of its shards.
    func holds(_ name: String) -> Bool { TrainingShard.parseSet(name).map { sets.contains($0.set) } ?? false }
  }

  package private(set) var shards = 0
  package private(set) var bytes = 0
  /// One failure for each file that is not as expected.
  package private(set) var faults: [Failure] = []
  /// The paths of these files; the remembered digests of them are wrong.
  package private(set) var damaged: [String] = []

  /// - Parameter onShard: receives the number of bytes read so far.
  package init(_ kind: Kind, directory: String, catalog: Catalog, onShard: (Int) -> Void = { _ in }) throws {
    let known = Dictionary(
      try ShardPublisher.written(catalog).map { ($0.digest, $0) }, uniquingKeysWith: { first, _ in first })
    let names = Files.isDirectory(directory) ? try Files.names(in: directory) : []
    if known.isEmpty, names.contains(where: kind.holds) {
      faults.append(.shardsUnrecorded(directory))
      return
    }
    var written: [String: [TrainingShard]] = [:]
    for name in names {
      guard let set = TrainingShard.parseSet(name)?.set, kind.sets.contains(set) else { continue }
      if Interruption.isRequested { throw Interruption.failure }
      shards += 1
      let path = "\(directory)/\(name)"
      let digest = try Digest.ofFile(path)
      if let shard = known[digest] {
        written[set, default: []].append(shard.renamed(name))
        check(TrainingShard.indexPath(path), against: try TrainingShardIndex.bytes(ofTar: path))
      } else {
        add(.shardUnknown(path, found: digest), path)
      }
      bytes += (try? Files.identity(path).size) ?? 0
      onShard(bytes)
    }
    if shards == 0 {
      if known.values.contains(where: { kind.holds($0.name) }) { faults.append(.shardsGone(directory)) }
      return
    }
    if kind == .training {
      do { _ = try TrainingSet(directory: directory) } catch let failure as Failure { faults.append(failure) }
    }
    // When a shard is damaged, the set's index files cannot be checked either, and one fault is enough.
    if faults.isEmpty {
      for (name, expected) in try ShardSetIndex.files(written).sorted(by: { $0.key < $1.key }) {
        check("\(directory)/\(name)", against: expected)
      }
    }
    if kind == .training {
      try checkQuarantine("\(directory)/\(TrainingShards.quarantineName)", catalog)
      try checkTable(directory, catalog)
    }
  }

  /// Forgets the remembered digests of damaged files, so that the next `prepare` reads and rewrites them.
  package func forget(in catalog: Catalog) throws {
    for path in damaged { try FileDigestCache.forget(path, in: catalog) }
  }

  /// The total size of all shards in a directory.
  package static func bytes(_ directory: String) -> Int {
    let names = Files.isDirectory(directory) ? (try? Files.names(in: directory)) ?? [] : []
    return names.filter { TrainingShard.parseSet($0) != nil }.reduce(0) { sum, name in
      sum + ((try? Files.identity("\(directory)/\(name)").size) ?? 0)
    }
  }

  private mutating func check(_ path: String, against expected: [UInt8]) {
    if (try? Files.read(path)) != expected { add(.shardIndexWrong(path, isThere: Files.exists(path)), path) }
  }

  private mutating func checkQuarantine(_ path: String, _ catalog: Catalog) throws {
    let expected = try catalog.verdicts(state: ClipVerdict.State.leftOut.rawValue).map(\.detail).sorted()
    let found = (try? Files.read(path)).map {
      String(decoding: $0, as: UTF8.self).split(separator: "\n").map(String.init).sorted()
    }
    if found != expected { add(.shardIndexWrong(path, isThere: Files.exists(path)), path) }
  }

  /// Compares the table with its recorded digest: it cannot be rebuilt from the catalog, which has no starts and
  /// labels.
  private mutating func checkTable(_ directory: String, _ catalog: Catalog) throws {
    guard let expected = try ShardSetRecord.read(catalog, directory)?.table else { return }
    let path = "\(directory)/\(ClipTable.name)"
    let found = (try? Files.read(path)).map { Digest(of: $0).hex }
    if found != expected { add(.shardIndexWrong(path, isThere: Files.exists(path)), path) }
  }

  private mutating func add(_ failure: Failure, _ path: String) {
    faults.append(failure)
    damaged.append(path)
  }
}

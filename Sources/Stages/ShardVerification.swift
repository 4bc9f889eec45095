import Basics
import Corpus
import Shards
import StageGraph

/// Reads every training shard and compares it with what was written.
///
/// A shard's bytes must be some that `prepare` wrote, its index must follow from it, and the set's index files from all of
/// them; the list of what was left out must be the catalog's.
package struct ShardVerification {
  package private(set) var shards = 0
  package private(set) var bytes = 0
  /// One for each file that is not what it should be.
  package private(set) var faults: [Failure] = []
  /// Those files: what is remembered of them is wrong.
  package private(set) var damaged: [String] = []

  /// - Parameter onShard: told the bytes read so far.
  package init(folder: String, catalog: Catalog, onShard: (Int) -> Void = { _ in }) throws {
    guard Files.isFolder(folder) else { return }
    let known = try Self.known(catalog)
    let names = try Files.names(in: folder)
    var written: [String: [TrainingShard]] = [:]
    for name in names {
      guard let split = TrainingShard.parse(name)?.split else { continue }
      if Interruption.isRequested { throw Interruption.failure }
      shards += 1
      let path = "\(folder)/\(name)"
      let digest = try Digest.ofFile(path)
      if let shard = known[digest] {
        written[split.rawValue, default: []].append(shard.renamed(name))
        check(TrainingShard.indexPath(path), against: try TrainingShardIndex.bytes(ofTar: path))
      } else {
        add(.shardUnknown(path, found: digest), path)
      }
      bytes += (try? Files.identity(path).size) ?? 0
      onShard(bytes)
    }
    if shards == 0 { return }
    do { _ = try TrainingSet(folder: folder) } catch let failure as Failure { faults.append(failure) }
    // With a shard in doubt the set's files are in doubt too, and one fault is enough.
    if faults.isEmpty {
      for (name, expected) in try ShardSetIndex.files(written).sorted(by: { $0.key < $1.key }) {
        check("\(folder)/\(name)", against: expected)
      }
    }
    try checkQuarantine("\(folder)/\(TrainingShards.quarantineName)", catalog)
  }

  /// What is remembered of damaged files is forgotten, so that the next `prepare` reads and rewrites them.
  package func forget(in catalog: Catalog) throws {
    for path in damaged { try FileMemo.forget(path, in: catalog) }
  }

  private static func known(_ catalog: Catalog) throws -> [Digest: TrainingShard] {
    var known: [Digest: TrainingShard] = [:]
    for (key, text) in try catalog.notes(prefix: ShardPublisher.notePrefix) {
      let shard = try CanonicalJSON.decode(TrainingShard.self, from: Array(text.utf8), source: "catalog, \(key)")
      known[shard.digest] = shard
    }
    return known
  }

  private mutating func check(_ path: String, against expected: [UInt8]) {
    if (try? Files.read(path)) != expected { add(.shardIndexWrong(path, isThere: Files.exists(path)), path) }
  }

  private mutating func checkQuarantine(_ path: String, _ catalog: Catalog) throws {
    let expected = try catalog.items(state: ClipVerdict.State.leftOut.rawValue).map(\.detail).sorted()
    let found = (try? Files.read(path)).map {
      String(decoding: $0, as: UTF8.self).split(separator: "\n").map(String.init).sorted()
    }
    if found != expected { add(.shardIndexWrong(path, isThere: Files.exists(path)), path) }
  }

  private mutating func add(_ failure: Failure, _ path: String) {
    faults.append(failure)
    damaged.append(path)
  }
}

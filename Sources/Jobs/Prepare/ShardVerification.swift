import Basics
import Corpus
import Shards
import StageGraph

/// Reads every shard of a directory and compares it with what was written.
///
/// A shard's bytes must be some that `prepare` wrote, its index must follow from it, and the set's index files from all
/// of them; the list of what was left out of training shards must be the catalog's, and the table of all clips the one
/// that was written.
package struct ShardVerification {
  package enum Kind: Sendable {
    case training, frames

    /// What the names of its shards begin with.
    var sets: [String] { self == .training ? Split.allCases.map(\.rawValue) : [FrameShards.set] }
  }

  package private(set) var shards = 0
  package private(set) var bytes = 0
  /// One for each file that is not what it should be.
  package private(set) var faults: [Failure] = []
  /// Those files: what is remembered of them is wrong.
  package private(set) var damaged: [String] = []

  /// - Parameter onShard: told the bytes read so far.
  package init(_ kind: Kind, directory: String, catalog: Catalog, onShard: (Int) -> Void = { _ in }) throws {
    let known = Dictionary(
      try ShardPublisher.written(catalog).map { ($0.digest, $0) }, uniquingKeysWith: { first, _ in first })
    let names = Files.isDirectory(directory) ? try Files.names(in: directory) : []
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
      let wasWritten = known.values.contains {
        TrainingShard.parseSet($0.name).map { kind.sets.contains($0.set) } ?? false
      }
      if wasWritten { faults.append(.shardsGone(directory)) }
      return
    }
    if kind == .training {
      do { _ = try TrainingSet(directory: directory) } catch let failure as Failure { faults.append(failure) }
    }
    // With a shard in doubt the set's files are in doubt too, and one fault is enough.
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

  /// What is remembered of damaged files is forgotten, so that the next `prepare` reads and rewrites them.
  package func forget(in catalog: Catalog) throws {
    for path in damaged { try FileDigestCache.forget(path, in: catalog) }
  }

  /// Of all shards in a directory.
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

  /// By the digest that is kept of it: the catalog has no starts and no labels.
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

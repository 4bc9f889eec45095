// Determines where a sorted list of ids is cut into shards. The cuts depend on the ids themselves, so that a new id
// changes only the shards around it.
//
// An id is a boundary if its hash is the lowest within `radius` ids on either side; both ends of the list count as even
// lower. So boundaries are more than `radius` apart, and on average 2 * radius + 1. Whether an id is a boundary depends
// only on ids within `radius`, and adding an id makes at most two new shards. There are three cases, which exclude one
// another. The id may be a boundary itself: it ends one shard, begins another, and may replace a neighboring boundary
// on each side. It may remove boundaries with higher hashes near it, so that their shards become one. Or it may move
// two competing ids out of each other's range, so that one shard becomes two. The rule `hash(id) mod N = 0` with a
// minimum size, applied from left to right, was rejected: each skipped boundary moves the next decision, so a change
// spreads until the two lists happen to agree.
//
// There is no upper limit on a gap, but of two million random ids, cut with the defaults, none made a shard over 4,000.
// A run longer than `most` is cut again at its lowest hashes, so that `most` holds; only there can a change affect a
// third shard.

import Basics
import Corpus
import Dispatch

package struct ShardBoundaries: Sendable {
  /// The average number of ids in a shard.
  package let target: Int
  /// The minimum number of ids in a shard, unless there are fewer ids in total.
  package let least: Int
  /// The maximum number of ids in a shard.
  package let most: Int

  /// `most` is raised to at least twice `least`; below this, both limits cannot hold.
  package init(target: Int = 1000, least: Int = 250, most: Int = 4000) {
    self.least = max(1, least)
    self.target = max(target, 2 * self.least)
    self.most = max(most, 2 * self.least)
  }

  /// The shards in order, each a run of `ids`, which must be sorted and unique. Empty if there are no ids.
  package func plan(ids: [ClipID]) -> [[ClipID]] { runs(ids: ids).map { Array(ids[$0]) } }

  /// The same, as ranges of positions in `ids`.
  package func runs(ids: [ClipID]) -> [Range<Int>] {
    if ids.isEmpty { return [] }
    let hashes = Self.hashes(ids)
    var cuts = [0] + boundaries(hashes) + [ids.count]
    for (start, end) in zip(cuts, cuts.dropFirst()) { split(hashes, start, end, into: &cuts) }
    cuts.sort()
    return zip(cuts, cuts.dropFirst()).map { $0..<$1 }
  }

  /// The hash of each id, computed on several threads.
  private static func hashes(_ ids: [ClipID]) -> [UInt64] {
    let (count, chunk) = (ids.count, 4096)
    return [UInt64](unsafeUninitializedCapacity: count) { slots, filled in
      nonisolated(unsafe) let base = slots.baseAddress
      DispatchQueue.concurrentPerform(iterations: (count + chunk - 1) / chunk) { part in
        var bytes = Array("shard\0".utf8)
        let prefix = bytes.count
        for k in part * chunk..<min(count, (part + 1) * chunk) {
          bytes.removeSubrange(prefix...)
          bytes.append(contentsOf: ids[k].text.utf8)
          base?[k] = Digest(of: bytes).prefix64
        }
      }
      filled = count
    }
  }

  /// The positions whose hash is the lowest within `radius`, with neither end of the list within `radius`.
  private func boundaries(_ hashes: [UInt64]) -> [Int] {
    let radius = max(least, target / 2)
    let count = hashes.count
    var stack: [Int] = []
    var before = [Int](repeating: 0, count: count)
    var after = [Int](repeating: count, count: count)
    for i in 0..<count {
      while let top = stack.last, hashes[top] > hashes[i] {
        after[top] = i
        stack.removeLast()
      }
      before[i] = stack.last ?? 0
      stack.append(i)
    }
    return (0..<count).filter { $0 - before[$0] > radius && after[$0] - $0 > radius }
  }

  /// Cuts a run that is too long at its lowest hash, leaving at least `least` ids on both sides, until no part is too
  /// long.
  private func split(_ hashes: [UInt64], _ start: Int, _ end: Int, into cuts: inout [Int]) {
    guard end - start > most, let cut = (start + least...end - least).min(by: { hashes[$0] < hashes[$1] }) else {
      return
    }
    cuts.append(cut)
    split(hashes, start, cut, into: &cuts)
    split(hashes, cut, end, into: &cuts)
  }
}

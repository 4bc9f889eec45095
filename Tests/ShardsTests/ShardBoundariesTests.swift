import Basics
import Corpus
import Testing

@testable import Shards

@Suite struct ShardBoundariesTests {
  static func ids(_ count: Int, seed: UInt64) -> Set<ClipID> {
    var random = SeededRandom(seed: seed, for: "ids")
    var ids: Set<ClipID> = []
    while ids.count < count { if let id = id(&random) { ids.insert(id) } }
    return ids
  }

  static func id(_ random: inout SeededRandom) -> ClipID? {
    ClipID(String(random.next(), radix: 36) + "_" + String(random.next() % 300))
  }

  /// An id with a hash so low that it is a boundary nearly everywhere.
  static func boundaryID(_ random: inout SeededRandom) -> ClipID {
    while true {
      if let id = id(&random), Digest(of: "shard\0\(id.text)").prefix64 < .max / 2000 { return id }
    }
  }

  static func newBodies(_ before: [[ClipID]], _ after: [[ClipID]]) -> Int { Set(after).subtracting(before).count }

  @Test("adding one id makes at most two new shards, even if it is a boundary")
  func locality() {
    let seed: UInt64 = 1
    let ids = Self.ids(12_000, seed: seed)
    let boundaries = ShardBoundaries()
    let before = boundaries.plan(ids: ids.sorted())
    var random = SeededRandom(seed: seed, for: "new")
    var becameBoundary = 0
    for trial in 0..<200 {
      guard let new = trial % 2 == 0 ? Self.boundaryID(&random) : Self.id(&random), !ids.contains(new) else { continue }
      let after = boundaries.plan(ids: ids.union([new]).sorted())
      #expect(Self.newBodies(before, after) <= 2, "seed \(seed), \(new)")
      if after.contains(where: { $0.first == new }) { becameBoundary += 1 }
    }
    #expect(becameBoundary > 50)
  }

  @Test("at every place in a list, with small shards: at most two new tars")
  func everywhere() {
    let ids = Self.ids(600, seed: 3)
    let boundaries = ShardBoundaries(target: 20, least: 5, most: 10_000)
    let before = boundaries.plan(ids: ids.sorted())
    var random = SeededRandom(seed: 3, for: "everywhere")
    for _ in 0..<1500 {
      guard let new = Self.id(&random), !ids.contains(new) else { continue }
      #expect(Self.newBodies(before, boundaries.plan(ids: ids.union([new]).sorted())) <= 2, "\(new)")
    }
  }

  @Test("sizes stay within bounds, and their mean is near the target; order and content are kept")
  func sizes() {
    let ids = Self.ids(200_000, seed: 4).sorted()
    let shards = ShardBoundaries().plan(ids: ids)
    #expect(shards.flatMap { $0 } == ids)
    #expect(shards.allSatisfy { (250...4000).contains($0.count) })
    #expect((150...250).contains(shards.count), "\(shards.count) shards")
  }

  @Test("few ids give one shard, none give none; runs over the maximum size are split")
  func small() {
    #expect(ShardBoundaries().plan(ids: []).isEmpty)
    let few = Self.ids(240, seed: 5).sorted()
    #expect(ShardBoundaries().plan(ids: few) == [few])
    let tight = ShardBoundaries(target: 100, least: 10, most: 60).plan(ids: Self.ids(5000, seed: 6).sorted())
    #expect(tight.allSatisfy { (10...60).contains($0.count) })
  }
}

import Basics
import Kernels
import Testing

@testable import Networks

@Suite("Microbatches of several owners")
struct ReductionTreeTests {
  /// Splits the parts into contiguous runs, some of them empty.
  private func cut(_ parts: Int, owners: Int, _ random: inout SeededRandom) -> [Range<Int>] {
    let places = (1..<owners).map { _ in Int(random.uniform() * Double(parts + 1)) }.sorted()
    return zip([0] + places, places + [parts]).map { $0..<$1 }
  }

  @Test("merging rows per owner and then across owners gives the bits of one owner", arguments: 1...17)
  func rows(parts: Int) {
    var random = SeededRandom(seed: UInt64(parts))
    let values = (0..<parts).map { _ in random.normal() * 1e16 + 1 }
    let alone = PartRows(parts: parts, width: 1)
    for part in 0..<parts { alone[part][0] = values[part] }
    LocalReduction().fold(alone) { $0[0] += $1[0] }
    for owners in 1...9 {
      let shares = cut(parts, owners: owners, &random)
      let tree = ReductionTree(shares)
      var sums = values
      for (owner, pairs) in tree.own.enumerated() {
        for pair in pairs {
          #expect(shares[owner].contains(pair.earlier) && shares[owner].contains(pair.later))
          sums[pair.earlier] += sums[pair.later]
        }
      }
      // All owners know only the roots.
      let roots = Set(tree.roots.joined())
      for pair in tree.rest {
        #expect(roots.contains(pair.earlier) && roots.contains(pair.later))
        sums[pair.earlier] += sums[pair.later]
      }
      #expect(sums[0] == alone.total[0], "\(shares)")
      #expect(tree.rest.count == roots.count - 1, "\(shares)")
    }
  }

  @Test("each owner's gradient sums are the tree's roots and give the bits of one owner", arguments: 1...17)
  func gradients(parts: Int) {
    var random = SeededRandom(seed: UInt64(parts))
    let values = (0..<parts).map { _ in Float(random.normal()) * 1e6 }
    func roots(_ share: Range<Int>) -> [Float] {
      let microbatches = Microbatches(batch: 2 * parts - 1, size: 2) { _ in share }
      let sum = LocalReduction().gradientSum(count: 1, microbatches, ops: PlainOps())
      // Runs twice, to test that a reset drops earlier sums.
      for _ in 0..<2 {
        sum.reset()
        for part in 0..<share.count { sum.add(part, count: 1) { $0[0] = values[share.lowerBound + part] } }
      }
      return sum.roots(1).map { $0[0] }
    }
    let whole = roots(0..<parts)
    #expect(whole.count == 1)
    for owners in 2...9 {
      let shares = cut(parts, owners: owners, &random)
      let tree = ReductionTree(shares)
      var sums: [Int: Float] = [:]
      for (share, names) in zip(shares, tree.roots) {
        let found = roots(share)
        #expect(found.count == names.count, "\(share) of \(parts)")
        for (name, value) in zip(names, found) { sums[name] = value }
      }
      for pair in tree.rest { sums[pair.earlier, default: .nan] += sums[pair.later, default: .nan] }
      #expect(sums[0] == whole[0], "\(shares)")
    }
  }

  @Test("a share's images are counted from its first one, and all shares make up the batch")
  func microbatches() {
    let parts = (0..<3).map { owner in
      Microbatches(batch: 19, size: 4) { count in min(count, 2 * owner)..<min(count, 2 * owner + 2) }
    }
    #expect(parts.map(\.rows) == [0..<8, 8..<16, 16..<19])
    #expect(parts[2].ranges == [0..<3] && parts[1].ranges == [0..<4, 4..<8] && parts[2].counts == [4, 4, 4, 4, 3])
    let none = Microbatches(batch: 19, size: 4) { $0..<$0 }
    #expect(none.count == 0 && none.images == 0 && none.rows == 19..<19 && none.sizes == [4, 3])
  }
}

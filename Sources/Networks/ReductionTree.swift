/// The tree along which microbatches are merged, divided between the owners of the microbatches: the pairs that each
/// owner merges by itself, its resulting subtrees, and the pairs of these that remain to be merged.
package struct ReductionTree: Sendable {
  /// Two neighboring subtrees that are merged, each identified by its first microbatch.
  package struct Pair: Sendable, Equatable {
    package var earlier: Int
    package var later: Int
  }

  package let parts: Int
  /// By owner: the pairs that it merges by itself, in this order.
  package let own: [[Pair]]
  /// By owner: its resulting subtrees, which are as large as possible.
  package let roots: [[Int]]
  /// The pairs of all owners' roots, merged in this order. The result is the subtree that starts with 0.
  package let rest: [Pair]

  /// - Parameter shares: consecutive ranges that together cover all microbatches; a range may be empty.
  package init(_ shares: [Range<Int>]) {
    let parts = shares.map(\.upperBound).max() ?? 0
    self.parts = parts
    var (own, rest) = (shares.map { _ in [Pair]() }, [Pair]())
    for (pair, end) in Self.pairsWithEnds(parts) {
      if let owner = shares.firstIndex(where: { $0.contains(pair.earlier) && end <= $0.upperBound }) {
        own[owner].append(pair)
      } else {
        rest.append(pair)
      }
    }
    roots = zip(shares, own).map { share, pairs in
      let merged = Set(pairs.map(\.later))
      return share.filter { !merged.contains($0) }
    }
    (self.own, self.rest) = (own, rest)
  }

  /// All pairs of a tree over `parts` microbatches, children before parents.
  package static func pairs(_ parts: Int) -> [Pair] { pairsWithEnds(parts).map(\.pair) }

  /// - Returns: each pair with the end of its microbatches.
  private static func pairsWithEnds(_ parts: Int) -> [(pair: Pair, end: Int)] {
    var (pairs, step) = ([(pair: Pair, end: Int)](), 1)
    while step < parts {
      for part in stride(from: 0, to: parts - step, by: 2 * step) {
        pairs.append((Pair(earlier: part, later: part + step), min(parts, part + 2 * step)))
      }
      step *= 2
    }
    return pairs
  }
}

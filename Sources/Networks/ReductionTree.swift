/// The tree along which microbatches meet, cut where their owners change: what each owner merges by itself, what it
/// then has, and what is left to be merged of that.
package struct ReductionTree: Sendable {
  /// Two neighboring subtrees that become one, each named by its first microbatch.
  package struct Pair: Sendable, Equatable {
    package var earlier: Int
    package var later: Int
  }

  package let parts: Int
  /// By owner: merged by it alone, in this order.
  package let own: [[Pair]]
  /// By owner: the subtrees that it then has, as large as they come.
  package let roots: [[Int]]
  /// Merged of all owners' roots, in this order. The result is the subtree that begins with 0.
  package let rest: [Pair]

  /// - Parameter shares: contiguous runs that follow each other and are all microbatches together; a run may be empty.
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

  /// All pairs of a tree over so many microbatches, children before parents.
  package static func pairs(_ parts: Int) -> [Pair] { pairsWithEnds(parts).map(\.pair) }

  /// - Returns: each with the end of its microbatches.
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

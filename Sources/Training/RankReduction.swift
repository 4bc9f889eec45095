import Kernels
import Networks
import Ranks

/// Reduces microbatches of several ranks: each rank merges the subtrees that it owns completely, and only their sums
/// are sent. The tree is that of `LocalReduction`, and so the bits are the same for any number of ranks.
///
/// Rows of statistics, a few kilobytes, are sent from each rank to all others, and each rank merges the rest itself.
/// Gradients are divided into one piece per rank: a rank receives its piece of all sums, merges it and sends the result
/// to all. This happens on the courier's thread while the backward pass of earlier layers runs.
final class RankReduction: Reduction, @unchecked Sendable {
  private let ranks: RankGroup
  private let ops: any Ops
  private var trees: [Int: ReductionTree] = [:]
  /// Memory for the gradients that are being sent, in the order of a backward pass; reused in every step.
  private var parcels: [GradientParcel] = []
  private var open: [(parcel: GradientParcel, errand: Errand, use: (Floats) throws -> Void)] = []

  init(_ ranks: RankGroup, ops: any Ops) { (self.ranks, self.ops) = (ranks, ops) }

  func share(of microbatches: Int) -> Range<Int> { ranks.share(of: microbatches) }

  private func tree(_ parts: Int) -> ReductionTree {
    if let known = trees[parts] { return known }
    let made = ReductionTree(ranks.shares(of: parts))
    trees[parts] = made
    return made
  }

  func fold(
    _ rows: PartRows, _ merge: (_ earlier: UnsafeMutablePointer<Double>, _ later: UnsafePointer<Double>) -> Void
  ) throws {
    let tree = tree(rows.parts)
    rows.copyForMerging()
    for pair in tree.own[ranks.rank] { merge(rows.merged(pair.earlier), rows.merged(pair.later)) }
    try ranks.exchange(
      tree.roots.map { roots in
        roots.map { UnsafeMutableRawBufferPointer(start: rows.merged($0), count: rows.width * 8) }
      })
    for pair in tree.rest { merge(rows.merged(pair.earlier), rows.merged(pair.later)) }
  }

  func gradientSum(count: Int, _ microbatches: Microbatches, ops: any Ops) -> GradientSum {
    GradientSum(count: count, microbatches, ops: ops)
  }

  func finish(_ sum: GradientSum, count: Int, _ use: @escaping (Floats) throws -> Void) {
    let place = open.count
    if place == parcels.count { parcels.append(GradientParcel(count, tree(sum.parts), ranks)) }
    if parcels[place].count != count { parcels[place] = GradientParcel(count, tree(sum.parts), ranks) }
    let errand = parcels[place].errand(sum.roots(count), ops)
    ranks.start(errand)
    open.append((parcels[place], errand, use))
  }

  func settle() throws {
    defer { open = [] }
    for (parcel, errand, use) in open {
      try ranks.wait(for: errand)
      try use(Floats(parcel.result.start))
    }
  }
}

/// The memory for one gradient that is being sent, and the assignment of its pieces to ranks.
private final class GradientParcel {
  let count: Int
  /// The sum over all microbatches, once the errand is done.
  let result: FloatBuffer
  private let tree: ReductionTree
  private let ranks: RankGroup
  /// The piece that each rank merges.
  private let pieces: [Range<Int>]
  /// This rank's roots, complete.
  private let own: FloatBuffer
  /// This rank's piece of the other ranks' roots.
  private let others: FloatBuffer
  /// This rank's piece of each root, by its first microbatch.
  private var places: [Int: MutableFloats] = [:]

  /// The smallest size of a piece: sending a message costs as much as sending this many floats.
  private static let smallestPiece = 1024

  init(_ count: Int, _ tree: ReductionTree, _ ranks: RankGroup) {
    (self.count, self.tree, self.ranks) = (count, tree, ranks)
    let size = max(Self.smallestPiece, (count + ranks.count - 1) / ranks.count + 15) / 16 * 16
    pieces = (0..<ranks.count).map { min(count, $0 * size)..<min(count, ($0 + 1) * size) }
    let (mine, piece) = (tree.roots[ranks.rank], pieces[ranks.rank])
    result = FloatBuffer(count)
    own = FloatBuffer(mine.count * count)
    others = FloatBuffer((tree.roots.reduce(0) { $0 + $1.count } - mine.count) * piece.count)
    for (k, root) in mine.enumerated() { places[root] = own.start + k * count + piece.lowerBound }
    var next = others.start
    for (rank, roots) in tree.roots.enumerated() where rank != ranks.rank {
      for root in roots {
        places[root] = next
        next += piece.count
      }
    }
  }

  /// - Parameter roots: the sums of this rank's subtrees; copied.
  func errand(_ roots: [Floats], _ ops: any Ops) -> Errand {
    for (k, root) in roots.enumerated() { (own.start + k * count).update(from: root, count: count) }
    let (tree, piece, result) = (tree, pieces[ranks.rank], result.start)
    return Errand(
      bulk: true,
      [
        .init(sends: shares(), receives: pieceOfOthers()) { [places] in
          for pair in tree.rest {
            if let earlier = places[pair.earlier], let later = places[pair.later] {
              ops.add(piece.count, earlier, Floats(later))
            }
          }
          if let sum = places[0] { (result + piece.lowerBound).update(from: sum, count: piece.count) }
        },
        .init(
          sends: rounds.map { letter($0, result, piece) }, receives: rounds.map { letter($0, result, pieces[$0]) }),
      ])
  }

  /// The other ranks, starting with the one after this rank.
  private var rounds: [Int] { (1..<ranks.count).map { (ranks.rank + $0) % ranks.count } }

  private func shares() -> [Errand.Letter] {
    rounds.flatMap { rank in
      tree.roots[ranks.rank].indices.map { letter(rank, own.start + $0 * count, pieces[rank]) }
    }
  }

  private func pieceOfOthers() -> [Errand.Letter] {
    rounds.flatMap { rank in
      tree.roots[rank].compactMap { places[$0] }.map { letter(rank, $0, 0..<pieces[ranks.rank].count) }
    }
  }

  private func letter(_ rank: Int, _ start: MutableFloats, _ range: Range<Int>) -> Errand.Letter {
    Errand.Letter(rank, UnsafeMutableRawBufferPointer(start: start + range.lowerBound, count: range.count * 4))
  }
}

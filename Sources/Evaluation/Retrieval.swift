import Basics
import Kernels

/// How well queries find their matching items in a gallery, by cosine similarity.
package struct RetrievalScores: Codable, Sendable, Equatable {
  package var queries: Int
  package var gallery: Int
  /// The share of queries whose own item is among the first 1, 5 and 10.
  package var recallAt1: Double
  package var recallAt5: Double
  package var recallAt10: Double
  /// The mean of 1 / rank of the own item.
  package var meanReciprocalRank: Double
  package var medianRank: Double
  /// The mean over queries of the average precision at finding items with the same label; nil without labels.
  package var classMeanAveragePrecision: Double?
  /// The scores of a random order of the gallery.
  package var chance: Chance

  package struct Chance: Codable, Sendable, Equatable {
    package var recallAt1: Double
    package var recallAt5: Double
    package var recallAt10: Double
    package var meanReciprocalRank: Double
    package var classMeanAveragePrecision: Double?
  }
}

/// The items that are relevant to a query.
package enum Relevance: Sendable {
  /// Query i belongs to the item with the i-th number. The items' labels, if known, give the class mAP.
  case own([Int], labels: [Int]?)
  /// Every item with the query's label is relevant; the best-ranked one counts as its own item.
  case label(queries: [Int], gallery: [Int])
}

package enum Retrieval {
  /// The number of similarities that one thread holds at a time: 64 MiB of floats.
  private static let held = 1 << 24

  /// - Parameter threads: the queries are distributed over them; the scores do not depend on their number.
  ///
  /// Equal similarities rank in gallery order, so the result is unique. The memory needed is that of the embeddings
  /// plus 64 MiB per thread, whatever the gallery's size.
  package static func score(
    queries: UnitRows, gallery: UnitRows, _ relevance: Relevance, threads: WorkerThreads
  ) -> RetrievalScores {
    let items = gallery.count
    let stride = (items + UnitRows.block - 1) / UnitRows.block * UnitRows.block
    let rows = max(1, min(UnitRows.mostQueries, held / max(1, stride)))
    let similarities = (0..<threads.count).map { _ in FloatBuffer(rows * stride) }
    let products = (0..<threads.count).map { _ in FloatBuffer(rows * UnitRows.block) }
    let pieces = (queries.count + rows - 1) / rows
    let members = Members(relevance)
    let rankings = threads.map(pieces) { piece, thread in
      let first = piece * rows
      let count = min(rows, queries.count - first)
      let space = similarities[thread]
      for start in Swift.stride(from: 0, to: items, by: UnitRows.block) {
        let product = products[thread]
        Matrix.multiply(
          queries.values.start + first * queries.width, gallery.values.start + start * gallery.width, bTransposed: true,
          into: product.start, m: rows, n: UnitRows.block, k: gallery.width)
        for row in 0..<count {
          (space.start + row * stride + start).update(
            from: product.start + row * UnitRows.block, count: UnitRows.block)
        }
      }
      return (0..<count).map { row in
        Ranking(UnsafeBufferPointer(start: space.start + row * stride, count: items), members.of(first + row))
      }
    }
    return summary(rankings.flatMap(\.self), members, gallery: items)
  }

  /// The indices of the `count` most similar items for each query, best first.
  package static func nearest(queries: UnitRows, gallery: UnitRows, count: Int) -> [[(item: Int, similarity: Float)]] {
    let row = FloatBuffer(gallery.values.count / gallery.width)
    return (0..<queries.count).map { query in
      for start in Swift.stride(from: 0, to: gallery.count, by: UnitRows.block) {
        Matrix.multiply(
          queries.values.start + query * queries.width, gallery.values.start + start * gallery.width, bTransposed: true,
          into: row.start + start, m: 1, n: UnitRows.block, k: gallery.width)
      }
      let order = (0..<gallery.count).sorted { (row.start[$1], $0) < (row.start[$0], $1) }
      return order.prefix(count).map { ($0, row.start[$0]) }
    }
  }

  /// Cosine similarities, `[queries, gallery]`, for galleries of a few thousand items.
  package static func similarities(queries: UnitRows, gallery: UnitRows) -> [Float] {
    let result = FloatBuffer(queries.count * gallery.count)
    guard queries.count > 0, gallery.count > 0 else { return [] }
    Matrix.multiply(
      queries.values.start, gallery.values.start, bTransposed: true, into: result.start, m: queries.count,
      n: gallery.count, k: gallery.width)
    return result.values
  }

  private static func summary(_ rankings: [Ranking], _ members: Members, gallery: Int) -> RetrievalScores {
    let ranks = rankings.map(\.rank)
    let total = Double(max(1, ranks.count))
    let share = { (k: Int) in Double(ranks.count { $0 <= k }) / total }
    let precisions = rankings.compactMap(\.averagePrecision)
    return RetrievalScores(
      queries: ranks.count, gallery: gallery, recallAt1: share(1), recallAt5: share(5), recallAt10: share(10),
      meanReciprocalRank: ranks.reduce(0) { $0 + 1 / Double($1) } / total, medianRank: median(ranks),
      classMeanAveragePrecision: members.hasLabels ? precisions.reduce(0, +) / total : nil,
      chance: members.chance(queries: ranks.count, gallery: gallery))
  }

  package static func median(_ ranks: [Int]) -> Double {
    guard !ranks.isEmpty else { return 0 }
    let sorted = ranks.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? Double(sorted[middle]) : Double(sorted[middle - 1] + sorted[middle]) / 2
  }
}

/// The relevant items of each query, and the items with the same label.
private struct Members: Sendable {
  private let relevance: Relevance
  private let byLabel: [Int: [Int]]
  let hasLabels: Bool

  init(_ relevance: Relevance) {
    self.relevance = relevance
    let labels: [Int]? =
      switch relevance {
      case .own(_, let labels): labels
      case .label(_, let gallery): gallery
      }
    hasLabels = labels != nil
    byLabel = labels.map { labels in Dictionary(grouping: labels.indices) { labels[$0] } } ?? [:]
  }

  struct Of {
    /// The item that must be found; nil: the best-ranked one of those with the label.
    var own: Int?
    var ofLabel: [Int]?
  }

  func of(_ query: Int) -> Of {
    switch relevance {
    case .own(let items, let labels): Of(own: items[query], ofLabel: labels.map { byLabel[$0[items[query]]] ?? [] })
    case .label(let queries, _): Of(own: nil, ofLabel: byLabel[queries[query]] ?? [])
    }
  }

  /// The mean scores over all queries for a random order: with r of n items relevant, none of the first k is relevant
  /// with probability Π (n − r − j) / (n − j).
  func chance(queries: Int, gallery n: Int) -> RetrievalScores.Chance {
    var chance = RetrievalScores.Chance(
      recallAt1: 0, recallAt5: 0, recallAt10: 0, meanReciprocalRank: 0, classMeanAveragePrecision: nil)
    guard queries > 0, n > 0 else { return chance }
    var known: [Int: (found: [Double], reciprocal: Double)] = [:]
    var (precision, precisions) = (0.0, [Int: Double]())
    for query in 0..<queries {
      let members = of(query)
      let relevant = members.own == nil ? members.ofLabel?.count ?? 0 : 1
      let expected = known[relevant] ?? Self.expected(relevant, n)
      known[relevant] = expected
      chance.recallAt1 += expected.found[0]
      chance.recallAt5 += expected.found[1]
      chance.recallAt10 += expected.found[2]
      chance.meanReciprocalRank += expected.reciprocal
      if let count = members.ofLabel?.count {
        let value = precisions[count] ?? Self.expectedPrecision(count, n)
        precisions[count] = value
        precision += value
      }
    }
    let total = Double(queries)
    chance.recallAt1 /= total
    chance.recallAt5 /= total
    chance.recallAt10 /= total
    chance.meanReciprocalRank /= total
    if hasLabels { chance.classMeanAveragePrecision = precision / total }
    return chance
  }

  private static func expected(_ relevant: Int, _ n: Int) -> (found: [Double], reciprocal: Double) {
    // none[k]: the probability that none of the first k items is relevant.
    var (none, reciprocal) = ([1.0], 0.0)
    for k in 0..<n {
      let next = (none.last ?? 1) * max(0, Double(n - relevant - k)) / Double(n - k)
      reciprocal += ((none.last ?? 1) - next) / Double(k + 1)
      none.append(next)
    }
    return ([1, 5, 10].map { 1 - none[min($0, n)] }, reciprocal)
  }

  /// The expected average precision of a random order (Bestgen 2015): with r of n items relevant, (1/n) Σ over
  /// positions i of (1 + (i − 1)(r − 1)/(n − 1)) / i.
  private static func expectedPrecision(_ relevant: Int, _ n: Int) -> Double {
    guard relevant > 0 else { return 0 }
    let share = n > 1 ? Double(relevant - 1) / Double(n - 1) : 0
    return (1...n).reduce(0.0) { $0 + (1 + Double($1 - 1) * share) / Double($1) } / Double(n)
  }
}

/// The ranks of one query's relevant items among all items.
private struct Ranking: Sendable {
  var rank: Int
  var averagePrecision: Double?

  init(_ scores: UnsafeBufferPointer<Float>, _ members: Members.Of) {
    if let own = members.own {
      var place = 1
      let score = scores[own]
      for i in scores.indices where scores[i] > score || (scores[i] == score && i < own) { place += 1 }
      rank = place
    } else {
      rank = scores.count + 1
    }
    guard let relevant = members.ofLabel else { return }
    let places = Self.places(of: relevant, in: scores)
    if members.own == nil, let first = places.first { rank = first }
    averagePrecision =
      places.isEmpty
      ? 0 : places.enumerated().reduce(0.0) { $0 + Double($1.offset + 1) / Double($1.element) } / Double(places.count)
  }

  /// The ranks of some items among all items, ascending: each item of the gallery is located among these sorted items,
  /// which is much faster than sorting the gallery.
  private static func places(of relevant: [Int], in scores: UnsafeBufferPointer<Float>) -> [Int] {
    let sorted = relevant.sorted { (scores[$1], $0) < (scores[$0], $1) }
    guard let worst = sorted.last else { return [] }
    var before = [Int](repeating: 0, count: sorted.count)
    let least = scores[worst]
    for i in scores.indices where scores[i] >= least {
      // The first of the sorted items that does not rank before item i.
      var (low, high) = (0, sorted.count)
      while low < high {
        let middle = (low + high) / 2
        let other = sorted[middle]
        if scores[other] > scores[i] || (scores[other] == scores[i] && other < i) {
          low = middle + 1
        } else {
          high = middle
        }
      }
      if low < sorted.count { before[low] += 1 }
    }
    var (place, places) = (0, [Int]())
    for count in before {
      // An item also counts itself here, which makes the rank 1-based.
      place += count
      places.append(place)
    }
    return places
  }
}

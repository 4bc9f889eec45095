import Basics
import Kernels
import Testing

@testable import Evaluation

@Suite("Retrieval scores")
struct RetrievalTests {
  private let threads = WorkerThreads(2)

  private func score(_ queries: [Float], _ gallery: [Float], width: Int, labels: [Int]?) -> RetrievalScores {
    Retrieval.score(
      queries: UnitRows(queries, width: width), gallery: UnitRows(gallery, width: width),
      .own(Array(0..<queries.count / width), labels: labels), threads: threads)
  }

  @Test("a query that equals its item finds it first, at any norm")
  func identity() {
    let items: [Float] = [1, 0, 0, 0, 2, 0, 0, 0, 3]
    let scores = score(items.map { $0 * 7 }, items, width: 3, labels: [0, 1, 2])
    #expect(scores.recallAt1 == 1 && scores.meanReciprocalRank == 1 && scores.medianRank == 1)
    #expect(scores.classMeanAveragePrecision == 1)
  }

  @Test("a case computed by hand")
  func byHand() {
    // Query 0 ranks item 1 first, then its own; query 1 ranks its own first; query 2 ranks its own last.
    let queries: [Float] = [0.6, 0.8, 0, 1, -1, 0]
    let gallery: [Float] = [1, 0, 0, 1, 0.6, -0.8]
    let scores = score(queries, gallery, width: 2, labels: [0, 0, 1])
    #expect(scores.recallAt1 == 1.0 / 3)
    let reciprocal: Double = (0.5 + 1 + 0.5) / 3
    #expect(abs(scores.meanReciprocalRank - reciprocal) < 1e-12)
    #expect(scores.medianRank == 2)
    // Query 0: label 0 at ranks 1, 2. Query 1: 1, 2. Query 2: order is item 1, item 2 (own), item 0; label 1 at rank 2.
    let precision: Double = (1 + 1 + 0.5) / 3
    #expect(abs((scores.classMeanAveragePrecision ?? 0) - precision) < 1e-12)
    #expect(scores.chance.recallAt1 == 1.0 / 3 && scores.chance.recallAt5 == 1)
    #expect(abs(scores.chance.meanReciprocalRank - (1 + 0.5 + 1.0 / 3) / 3) < 1e-12)
  }

  @Test("equal similarities rank in gallery order")
  func ties() {
    let scores = score([1, 0, 1, 0], [1, 0, 1, 0], width: 2, labels: nil)
    #expect(scores.meanReciprocalRank == 0.75)
    #expect(scores.classMeanAveragePrecision == nil)
  }

  @Test("random embeddings score at chance, also over several blocks of queries and gallery items")
  func chance() {
    var random = SeededRandom(seed: 3)
    let count = 5000
    func embeddings() -> [Float] { (0..<count * 8).map { _ in Float(random.normal()) } }
    let labels = (0..<count).map { $0 % 10 }
    let scores = score(embeddings(), embeddings(), width: 8, labels: labels)
    #expect(abs(scores.recallAt10 - scores.chance.recallAt10) < 0.002)
    #expect(abs(scores.medianRank - 2500) < 150)
    let chance = scores.chance.classMeanAveragePrecision ?? 0
    #expect(abs((scores.classMeanAveragePrecision ?? 0) - chance) < 0.002 && abs(chance - 0.1) < 0.005)
  }

  @Test("equals sorting every row of a brute-force product, for different numbers of queries and items")
  func bruteForce() {
    var random = SeededRandom(seed: 11)
    let (queries, items, width) = (301, 4133, 6)
    // Only few different values, so that many similarities are equal.
    func embeddings(_ count: Int) -> [Float] { (0..<count * width).map { _ in Float(Int(random.next() % 3)) - 1 } }
    let (q, g) = (embeddings(queries), embeddings(items))
    let (asked, there) = (
      (0..<queries).map { _ in Int(random.next() % 7) }, (0..<items).map { _ in Int(random.next() % 7) }
    )
    let (units, gallery) = (UnitRows(q, width: width), UnitRows(g, width: width))
    let scores = Retrieval.score(
      queries: units, gallery: gallery, .label(queries: asked, gallery: there), threads: threads)
    let similarities = Retrieval.similarities(queries: units, gallery: gallery)
    var (ranks, precisions) = ([Int](), [Double]())
    for query in 0..<queries {
      let row = Array(similarities[query * items..<(query + 1) * items])
      let order = row.indices.sorted { (row[$1], $0) < (row[$0], $1) }
      let places = order.indices.filter { there[order[$0]] == asked[query] }.map { $0 + 1 }
      ranks.append(places[0])
      precisions.append(Scores.mean(places.enumerated().map { Double($0.offset + 1) / Double($0.element) }))
    }
    #expect(scores.queries == queries && scores.gallery == items)
    #expect(scores.recallAt1 == Double(ranks.count { $0 == 1 }) / Double(queries))
    #expect(scores.recallAt10 == Double(ranks.count { $0 <= 10 }) / Double(queries))
    #expect(abs((scores.classMeanAveragePrecision ?? 0) - Scores.mean(precisions)) < 1e-12)
    #expect(scores.medianRank == Retrieval.median(ranks))
  }

  @Test("a subset of queries against the whole gallery has the same ranks as among all queries")
  func someQueries() {
    var random = SeededRandom(seed: 21)
    let items = (0..<200 * 4).map { _ in Float(random.normal()) }
    let queries = zip(items, 0...).map { value, _ in value + Float(random.normal()) }
    let one = { (query: Int) in
      Retrieval.score(
        queries: UnitRows(Array(queries[query * 4..<query * 4 + 4]), width: 4), gallery: UnitRows(items, width: 4),
        .own([query], labels: nil), threads: threads)
    }
    let all = score(queries, items, width: 4, labels: nil)
    let mean = Scores.mean((0..<200).map { one($0).meanReciprocalRank })
    #expect(abs(all.meanReciprocalRank - mean) < 1e-12 && one(7).gallery == 200 && one(7).queries == 1)
  }

  @Test("does not depend on the number of threads")
  func threadCounts() {
    var random = SeededRandom(seed: 5)
    let values = (0..<700 * 12).map { _ in Float(random.normal()) }
    let other = (0..<700 * 12).map { _ in Float(random.normal()) }
    let scores = [1, 3].map { count in
      Retrieval.score(
        queries: UnitRows(values, width: 12), gallery: UnitRows(other, width: 12),
        .own(Array(0..<700), labels: (0..<700).map { $0 % 5 }), threads: WorkerThreads(count))
    }
    #expect(scores[0] == scores[1])
  }

  @Test("the mean cosine of different rows says whether embeddings are alike")
  func alike() {
    #expect(UnitRows([1, 0], width: 2).meanCosine == nil)
    #expect(UnitRows([3, 0, 0, 2, -1, 0], width: 2).meanCosine.map { abs($0 + 1.0 / 3) < 1e-12 } ?? false)
    #expect(UnitRows([1, 1, 2, 2, 5, 5], width: 2).meanCosine.map { abs($0 - 1) < 1e-6 } ?? false)
  }
}

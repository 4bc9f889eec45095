import Basics
import Testing

@testable import Evaluation

@Suite("Retrieval scores")
struct RetrievalTests {
  @Test("a query that equals its item finds it first, at any length")
  func identity() {
    let items: [Float] = [1, 0, 0, 0, 2, 0, 0, 0, 3]
    let scores = Retrieval.score(queries: items.map { $0 * 7 }, gallery: items, width: 3, labels: ["a", "b", "c"])
    #expect(scores.recallAt1 == 1 && scores.meanReciprocalRank == 1 && scores.medianRank == 1)
    #expect(scores.classMeanAveragePrecision == 1)
  }

  @Test("a case worked out by hand")
  func byHand() {
    // Query 0 likes item 1 best, then its own; query 1 its own; query 2 its own last.
    let queries: [Float] = [0.6, 0.8, 0, 1, -1, 0]
    let gallery: [Float] = [1, 0, 0, 1, 0.6, -0.8]
    let scores = Retrieval.score(queries: queries, gallery: gallery, width: 2, labels: ["x", "x", "y"])
    #expect(scores.recallAt1 == 1.0 / 3)
    #expect(abs(scores.meanReciprocalRank - (0.5 + 1 + 0.5) / 3) < 1e-12)
    #expect(scores.medianRank == 2)
    // Query 0: x at ranks 1, 2. Query 1: x at 1, 2. Query 2: order is item 1, item 2 (own), item 0; y at rank 2.
    #expect(abs((scores.classMeanAveragePrecision ?? 0) - (1 + 1 + 0.5) / 3) < 1e-12)
  }

  @Test("equal similarities rank in gallery order")
  func ties() {
    let scores = Retrieval.score(queries: [1, 0, 1, 0], gallery: [1, 0, 1, 0], width: 2, labels: nil)
    #expect(scores.meanReciprocalRank == 0.75)
    #expect(scores.classMeanAveragePrecision == nil)
  }

  @Test("random vectors are at chance, also over several blocks")
  func chance() {
    var random = SeededRandom(seed: 3)
    let count = 600
    func vectors() -> [Float] { (0..<count * 16).map { _ in Float(random.normal()) } }
    let scores = Retrieval.score(queries: vectors(), gallery: vectors(), width: 16, labels: nil)
    #expect(scores.recallAt10 < 0.05 && scores.medianRank > 200)
  }
}

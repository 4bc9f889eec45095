import Basics
import Foundation
import Kernels
import Synchronization
import Testing

@testable import Networks

@Suite("Where microbatches meet")
struct ReductionTests {
  @Test("gradients are summed in the order of microbatches, whichever is done first")
  func order() {
    let microbatches = Microbatches(batch: 7, size: 2)
    #expect(microbatches.sizes == [2, 1] && microbatches.ranges.count == 4 && microbatches.images == 7)
    // Sums of these depend on their order in single precision.
    let values: [Float] = [1e8, 1, -1e8, 3]
    func sum(_ order: [Int]) -> [Float] {
      let sum = LocalReduction().gradientSum(count: 1, microbatches, ops: PlainOps())
      let threads = order.map { part in
        Thread {
          let memory = FloatBuffer(1)
          sum.add(part, count: 1, memory: memory.start) { $0[0] = values[part] }
          withExtendedLifetime(memory) {}
        }
      }
      for thread in threads {
        thread.start()
        usleep(2000)
      }
      while !threads.allSatisfy(\.isFinished) { usleep(500) }
      return [sum.total(1)[0]]
    }
    // The smaller microbatch, which may pack otherwise, has a sum of its own that is added at the end.
    let expected = [((values[0] + values[1]) + values[2]) + values[3]]
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] { #expect(sum(order) == expected, "\(order)") }
  }

  @Test("a microbatch that fails lets the next one in")
  func failure() {
    struct Broken: Error {}
    let sum = LocalReduction().gradientSum(count: 1, Microbatches(batch: 2, size: 1), ops: PlainOps())
    let memory = FloatBuffer(1)
    #expect(throws: Broken.self) { try sum.add(0, count: 1, memory: memory.start) { _ in throw Broken() } }
    sum.add(1, count: 1, memory: memory.start) { $0[0] = 2 }
  }

  @Test("rows are merged one after another into a total that begins as zeros")
  func rows() {
    let rows = PartRows(parts: 3, width: 2)
    for part in 0..<3 { (rows[part][0], rows[part][1]) = (Double(part + 1), 10) }
    var seen: [Double] = []
    for _ in 0..<2 {
      seen = []
      LocalReduction().fold(rows) { total, row in
        seen.append(row[0])
        for i in 0..<2 { total[i] += row[i] }
      }
    }
    #expect(seen == [1, 2, 3] && rows.total[0] == 6 && rows.total[1] == 30)
  }
}

import Basics
import Foundation
import Kernels
import Synchronization
import Testing

@testable import Networks

@Suite("Reductions over microbatches")
struct ReductionTests {
  /// The sum along the tree, computed recursively: the left part has the largest power of two below the count.
  private func tree<T>(_ values: ArraySlice<T>, _ add: (T, T) -> T) -> T? {
    guard values.count > 1 else { return values.first }
    var half = 1
    while 2 * half < values.count { half *= 2 }
    guard let left = tree(values.prefix(half), add), let right = tree(values.dropFirst(half), add) else { return nil }
    return add(left, right)
  }

  @Test("gradients are summed along a binary tree over microbatches, whichever finishes first", arguments: 1...13)
  func order(parts: Int) {
    let microbatches = Microbatches(batch: 2 * parts - 1, size: 2)
    #expect(microbatches.count == parts)
    var random = SeededRandom(seed: UInt64(parts))
    // In single precision, the sum of these values depends on the order.
    let values = (0..<parts).map { _ in Float(random.normal()) * 1e6 }
    let sum = LocalReduction().gradientSum(count: 1, microbatches, ops: PlainOps())
    for attempt in 0..<3 {
      var order = Array(0..<parts)
      if attempt > 0 { random.shuffle(&order) }
      let threads = order.map { part in
        Thread { sum.add(part, count: 1) { $0[0] = values[part] } }
      }
      sum.reset()
      for thread in threads { thread.start() }
      while !threads.allSatisfy(\.isFinished) { usleep(500) }
      #expect(sum.total(1)[0] == tree(values[...], +), "\(order)")
    }
  }

  @Test("a failing microbatch does not block the next one")
  func failure() {
    struct Broken: Error {}
    let sum = LocalReduction().gradientSum(count: 1, Microbatches(batch: 2, size: 1), ops: PlainOps())
    #expect(throws: Broken.self) { try sum.add(0, count: 1) { _ in throw Broken() } }
    sum.add(1, count: 1) { $0[0] = 2 }
  }

  @Test("rows are merged along the same tree and are not changed", arguments: 1...13)
  func rows(parts: Int) {
    let rows = PartRows(parts: parts, width: 1)
    var random = SeededRandom(seed: UInt64(parts))
    let values = (0..<parts).map { _ in random.normal() * 1e16 + 1 }
    for part in 0..<parts { rows[part][0] = values[part] }
    for _ in 0..<2 {
      LocalReduction().fold(rows) { earlier, later in earlier[0] += later[0] }
      #expect(rows.total[0] == tree(values[...], +))
      #expect((0..<parts).map { rows[$0][0] } == values)
    }
  }
}

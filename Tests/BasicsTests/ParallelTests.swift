import Basics
import Foundation
import Synchronization
import Testing

@Suite("Parallel work")
struct ParallelTests {
  private struct Refused: Error, Equatable { var item: Int }

  @Test("results are in the order of the items, whichever finishes first", arguments: [-1, 0, 1, 2, 3, 8])
  func order(threads: Int) {
    let squares = parallelMap(200, threads: threads) { item in
      if item % 17 == 0 { Thread.sleep(forTimeInterval: 0.002) }
      return item * item
    }
    #expect(squares == (0..<200).map { $0 * $0 })
    #expect(parallelMap(0, threads: threads) { $0 } == [] && parallelMap(1, threads: threads) { $0 } == [0])
    let workers = WorkerThreads(threads)
    defer { workers.stop() }
    #expect(workers.map(200) { item, _ in item * item } == squares)
    #expect(workers.map(0) { item, _ in item } == [])
  }

  @Test("the failure of the lowest item is thrown, whichever comes first", arguments: [1, 2, 3, 8])
  func lowestFailure(threads: Int) throws {
    let workers = WorkerThreads(threads)
    defer { workers.stop() }
    for round in 0..<20 {
      // The item with the lower number is slower.
      let body: @Sendable (Int) throws(Refused) -> Int = { item throws(Refused) in
        if item == 20 + round { Thread.sleep(forTimeInterval: 0.001) }
        if item == 20 + round || item % 30 == 29, item >= 20 + round { throw Refused(item: item) }
        return item
      }
      let expected = Refused(item: 20 + round)
      #expect(throws: expected) { try parallelMap(300, threads: threads, body) }
      let numbered: @Sendable (Int, Int) throws(Refused) -> Int = { item, _ throws(Refused) in try body(item) }
      #expect(throws: expected) { try workers.map(300, numbered) }
      #expect(throws: expected) { try workers.tryForEach(300) { item, _ in _ = try body(item) } }
    }
    // The threads can be used again after failed work.
    #expect(workers.map(3) { item, _ in item } == [0, 1, 2])
  }

  @Test("all items before the failure are done, and few after it")
  func stops() {
    let done = Mutex<Set<Int>>([])
    #expect(throws: Refused.self) {
      try parallelMap(100_000, threads: 2) { item throws(Refused) in
        if item == 50 { throw Refused(item: item) }
        done.withLock { _ = $0.insert(item) }
      }
    }
    let items = done.withLock { $0 }
    #expect(items.isSuperset(of: 0..<50) && items.count < 100_000)
  }

  @Test("the requested number of threads work at a time, even if there are fewer processors")
  func width() {
    let meeting = NSCondition()
    nonisolated(unsafe) var here = 0
    // Each waits for all others, so with fewer threads none would finish in time.
    let met = parallelMap(6, threads: 6) { _ in
      meeting.withLock {
        here += 1
        meeting.broadcast()
        let limit = Date(timeIntervalSinceNow: 20)
        while here < 6, meeting.wait(until: limit) {}
        return here == 6
      }
    }
    #expect(met == [Bool](repeating: true, count: 6))
  }

  @Test("every item gets a thread number below the count, and no two at the same time get the same")
  func scratch() {
    let workers = WorkerThreads(3)
    defer { workers.stop() }
    let busy = Mutex<Set<Int>>([])
    let clean = workers.map(500) { _, thread in
      let entered = busy.withLock { $0.insert(thread).inserted }
      defer { busy.withLock { _ = $0.remove(thread) } }
      return entered && (0..<3).contains(thread)
    }
    #expect(clean.allSatisfy { $0 })
  }
}

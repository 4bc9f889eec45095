import CSystem
import Foundation
import Synchronization

/// A fixed number of operating-system threads that run numbered pieces of blocking work in parallel.
///
/// `forEach(n)` runs `body(item, thread)` for every item in 0..<n. Which thread takes which item is not fixed, so a
/// body must write only to data of its item (or to scratch space of its thread). The caller takes part as thread 0.
/// Only one `forEach` may run at a time. The threads end with the object. All threads, including the caller, compute
/// with the same rounding mode.
package final class WorkerThreads: Sendable {
  package let count: Int
  private let crew: Crew

  package init(_ count: Int) {
    self.count = max(1, count)
    system_set_rounding()
    crew = Crew(helpers: self.count - 1)
  }

  deinit { crew.stop() }

  /// Ends the threads early. Nothing may be running.
  package func stop() { crew.stop() }

  /// Runs `body` for every item in 0..<items and returns when all have ended.
  package func forEach(_ items: Int, _ body: @escaping @Sendable (_ item: Int, _ thread: Int) -> Void) {
    if items <= 0 { return }
    if count == 1 || items == 1 {
      for item in 0..<items { body(item, 0) }
      return
    }
    crew.run(items, body)
  }
}

/// The threads and their shared state.
///
/// Cycle: `run` sets the work and a new generation and wakes all; every thread takes items until none is left and then
/// decrements the count of running threads; the last one wakes the caller. `condition` guards `work`, `items`,
/// `generation`, `running` and `stopped`; `nextItem` is atomic.
private final class Crew: @unchecked Sendable {
  typealias Body = @Sendable (_ item: Int, _ thread: Int) -> Void

  private let helpers: Int
  private let condition = NSCondition()
  private var work: Body?
  private var items = 0
  private var generation = 0
  private var running = 0
  private var stopped = false
  private let nextItem = Atomic<Int>(0)

  init(helpers: Int) {
    self.helpers = helpers
    for index in 0..<helpers {
      let thread = Thread { self.loop(index + 1) }
      thread.stackSize = 8 << 20
      thread.name = "worker-\(index + 1)"
      thread.start()
    }
  }

  func stop() {
    condition.withLock {
      stopped = true
      condition.broadcast()
    }
  }

  func run(_ items: Int, _ body: @escaping Body) {
    condition.withLock {
      self.items = items
      nextItem.store(0, ordering: .relaxed)
      work = body
      running = helpers
      generation += 1
      condition.broadcast()
    }
    takeItems(body, items, thread: 0)
    condition.withLock {
      while running > 0 { condition.wait() }
      work = nil
    }
  }

  private func takeItems(_ body: Body, _ items: Int, thread: Int) {
    while true {
      let item = nextItem.add(1, ordering: .relaxed).oldValue
      if item >= items { return }
      body(item, thread)
    }
  }

  private func loop(_ index: Int) {
    system_set_rounding()
    var seen = 0
    while let (body, items) = next(&seen) {
      takeItems(body, items, thread: index)
      condition.withLock {
        running -= 1
        if running == 0 { condition.broadcast() }
      }
    }
  }

  /// Waits for new work; nil when stopped.
  private func next(_ seen: inout Int) -> (Body, Int)? {
    condition.withLock {
      while generation == seen && !stopped { condition.wait() }
      if stopped { return nil }
      seen = generation
      return work.map { ($0, items) }
    }
  }
}

extension WorkerThreads {
  /// `forEach` for work that can fail. No item is started after a lower one has failed; the failure of the lowest item
  /// is thrown.
  package func tryForEach(_ items: Int, _ body: @escaping @Sendable (_ item: Int, _ thread: Int) throws -> Void) throws
  {
    let failure = FailureBox<any Error>()
    forEach(items) { item, thread in
      if failure.isDecided(before: item) { return }
      failure.collect(item) { try body(item, thread) }
    }
    try failure.throwFirst()
  }

  /// `parallelMap` on these threads: the results in order, or the failure of the lowest item.
  package func map<Value: Sendable, Failing: Error>(
    _ items: Int, _ body: @escaping @Sendable (_ item: Int, _ thread: Int) throws(Failing) -> Value
  ) throws(Failing) -> [Value] {
    let results = ParallelResults<Value, Failing>(items)
    forEach(items) { item, thread in
      if results.isDecided(before: item) { return }
      results.run(item) { () throws(Failing) in try body(item, thread) }
    }
    return try results.get()
  }
}

import Foundation
import Synchronization

/// A fixed number of operating-system threads that run numbered pieces of blocking work side by side.
///
/// `forEach(n)` runs `body(item, thread)` for every item in 0..<n; which thread takes which item is not fixed, so a body must
/// write only to what belongs to its item (or is scratch of its thread). The caller takes part as thread 0.
/// State: `work`, `generation`, `running` and `stopped` are guarded by `condition`; `nextItem` is atomic.
package final class WorkerThreads: @unchecked Sendable {
  package let count: Int
  private let condition = NSCondition()
  private var work: (@Sendable (_ item: Int, _ thread: Int) -> Void)?
  private var items = 0
  private var generation = 0
  private var running = 0
  private var stopped = false
  private let nextItem = Atomic<Int>(0)

  package init(_ count: Int) {
    self.count = max(1, count)
    for index in 1..<max(2, self.count) where index < self.count {
      let thread = Thread { [weak self] in self?.loop(index) }
      thread.stackSize = 8 << 20
      thread.name = "worker-\(index)"
      thread.start()
    }
  }

  /// Ends the threads. Nothing may be running.
  package func stop() {
    condition.lock()
    stopped = true
    condition.broadcast()
    condition.unlock()
  }

  package func forEach(_ items: Int, _ body: @Sendable (_ item: Int, _ thread: Int) -> Void) {
    if items <= 0 { return }
    if count == 1 || items == 1 {
      for item in 0..<items { body(item, 0) }
      return
    }
    withoutActuallyEscaping(body) { body in
      condition.lock()
      self.items = items
      nextItem.store(0, ordering: .relaxed)
      work = body
      running = count - 1
      generation += 1
      condition.broadcast()
      condition.unlock()
      takeItems(body, items, thread: 0)
      condition.lock()
      while running > 0 { condition.wait() }
      work = nil
      condition.unlock()
    }
  }

  private func takeItems(_ body: (Int, Int) -> Void, _ items: Int, thread: Int) {
    while true {
      let item = nextItem.add(1, ordering: .relaxed).oldValue
      if item >= items { return }
      body(item, thread)
    }
  }

  private func loop(_ index: Int) {
    var seen = 0
    while takeShare(index, after: &seen) {
      condition.lock()
      running -= 1
      if running == 0 { condition.broadcast() }
      condition.unlock()
    }
  }

  /// One thread's part of the next `forEach`; false when there will be none.
  ///
  /// Never inlined: the reference to the caller's closure must be gone before this thread reports that it is done. The closure does
  /// not outlive `forEach`, and Swift ends the process where a reference to it is left.
  @inline(never)
  private func takeShare(_ index: Int, after seen: inout Int) -> Bool {
    condition.lock()
    while generation == seen && !stopped { condition.wait() }
    if stopped {
      condition.unlock()
      return false
    }
    seen = generation
    let (body, items) = (work, items)
    condition.unlock()
    if let body { takeItems(body, items, thread: index) }
    return true
  }
}

// Runs numbered pieces of work in parallel and returns their results in order.

import Synchronization

/// Calls `body` for each number in 0..<count on up to `threads` threads, including the caller's, and returns the
/// results in order.
/// Numbers are started in order, and none is started after a failure. All numbers below the failed one were started
/// before it and are finished, so the thrown failure is the one of the lowest number: the same on every run, with any
/// number of threads. The threads exist only for this call, so `body` may block. For repeated work, use
/// `WorkerThreads.map`.
/// - Throws: the error of `body` for the lowest number that failed.
package func parallelMap<Value: Sendable, Failing: Error>(
  _ count: Int, threads: Int = Machine.processors,
  _ body: @escaping @Sendable (_ item: Int) throws(Failing) -> Value
) throws(Failing) -> [Value] {
  let results = ParallelResults<Value, Failing>(count)
  let takeItems: @Sendable () -> Void = {
    while let item = results.next() { results.run(item) { () throws(Failing) in try body(item) } }
  }
  RunThreads.run(max(0, min(threads, count) - 1), takeItems, meanwhile: takeItems)
  return try results.get()
}

/// The outcome of work in parallel: the results in order, or the failure of the lowest number.
final class ParallelResults<Value: Sendable, Failing: Error>: Sendable {
  private let count: Int
  private let taken = Atomic<Int>(0)
  private let values: Mutex<[Value?]>
  private let failure = FailureBox<Failing>()

  init(_ count: Int) {
    self.count = max(0, count)
    values = Mutex([Value?](repeating: nil, count: self.count))
  }

  /// The next number to work on; nil if there is none, or if nothing depends on it any more.
  func next() -> Int? {
    let item = taken.add(1, ordering: .relaxed).oldValue
    return item < count && !isDecided(before: item) ? item : nil
  }

  /// Whether a lower number has failed, so that this one can no longer change the outcome.
  func isDecided(before item: Int) -> Bool { failure.isDecided(before: item) }

  func run(_ item: Int, _ body: () throws(Failing) -> Value) {
    failure.collect(item) { () throws(Failing) in
      let value = try body()
      values.withLock { $0[item] = value }
    }
  }

  func get() throws(Failing) -> [Value] {
    try failure.throwFirst()
    return values.withLock { $0.compactMap(\.self) }
  }
}

/// The failure of the lowest number, among pieces of work in parallel.
package final class FailureBox<Failing: Error>: Sendable {
  private let lowest = Atomic<Int>(.max)
  private let failure = Mutex<Failing?>(nil)

  package init() {}

  package func isDecided(before item: Int) -> Bool { lowest.load(ordering: .relaxed) < item }

  /// Runs `body` and stores the error that it throws.
  package func collect(_ item: Int, _ body: () throws(Failing) -> Void) {
    do {
      try body()
    } catch {
      failure.withLock { failure in
        guard item < lowest.load(ordering: .relaxed) else { return }
        lowest.store(item, ordering: .relaxed)
        failure = error
      }
    }
  }

  package func throwFirst() throws(Failing) {
    if let first = failure.withLock({ $0 }) { throw first }
  }
}

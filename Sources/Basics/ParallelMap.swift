// Numbered pieces of work side by side, and their results in order.

import Synchronization

/// `body` of each number in 0..<count on up to `threads` threads, one of them the caller's; the results in the order of
/// the numbers.
///
/// Numbers are handed out in order, and none after a failure. All below the one that failed were handed out before it
/// and are finished, so the failure that is thrown is the lowest one: the same on every run, with any number of
/// threads. The threads live for this call, so `body` may block. For work that comes again and again:
/// `WorkerThreads.map`.
/// - Throws: what `body` threw for the lowest number.
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

/// What became of pieces of work that run side by side: their results in order, or the failure of the lowest.
final class ParallelResults<Value: Sendable, Failing: Error>: Sendable {
  private let count: Int
  private let taken = Atomic<Int>(0)
  private let values: Mutex<[Value?]>
  private let failure = FailureBox<Failing>()

  init(_ count: Int) {
    self.count = max(0, count)
    values = Mutex([Value?](repeating: nil, count: self.count))
  }

  /// The next piece for whoever asks; nil when there is none, or nothing depends on it any more.
  func next() -> Int? {
    let item = taken.add(1, ordering: .relaxed).oldValue
    return item < count && !isDecided(before: item) ? item : nil
  }

  /// Whether a lower piece has failed: this one can no longer change what comes of it all.
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

/// The first failure of pieces of work that run side by side: that of the lowest.
package final class FailureBox<Failing: Error>: Sendable {
  private let lowest = Atomic<Int>(.max)
  private let failure = Mutex<Failing?>(nil)

  package init() {}

  package func isDecided(before item: Int) -> Bool { lowest.load(ordering: .relaxed) < item }

  /// Runs `body`, and keeps what it throws.
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

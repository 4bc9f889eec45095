import Synchronization

/// Counts calls from any thread.
final class Counter: Sendable {
  private let value = Atomic<Int>(0)
  func next() -> Int { value.add(1, ordering: .relaxed).newValue }
  func reset() { value.store(0, ordering: .relaxed) }
}

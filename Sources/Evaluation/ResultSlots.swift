import Synchronization

/// Results of numbered pieces of work that run side by side, by their numbers.
package final class ResultSlots<Value: Sendable>: Sendable {
  private let slots: Mutex<[Value?]>

  package init(_ count: Int) { slots = Mutex([Value?](repeating: nil, count: count)) }

  package subscript(index: Int) -> Value? {
    get { slots.withLock { $0[index] } }
    set { slots.withLock { $0[index] = newValue } }
  }

  package var values: [Value?] { slots.withLock { $0 } }
}

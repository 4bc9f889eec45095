import Foundation

/// Work that starts before its result is needed, on a thread of its own: for example, reading or decoding the next item
/// while the caller works on the previous one.
package final class Ahead<Value: Sendable>: @unchecked Sendable {
  private let done = DispatchGroup()
  /// Written once, before `done`.
  private var result: Result<Value, any Error>?

  package init(_ work: @escaping @Sendable () throws -> Value) {
    done.enter()
    let thread = Thread {
      self.result = Result { try work() }
      self.done.leave()
    }
    thread.stackSize = 8 << 20
    thread.start()
  }

  /// Waits for the end of the work and returns its result.
  /// - Throws: what the work threw.
  package func value() throws -> Value {
    wait()
    guard let result else { preconditionFailure("the work ended without a result") }
    return try result.get()
  }

  /// Waits for the end of the work, whatever its result.
  package func wait() { done.wait() }
}

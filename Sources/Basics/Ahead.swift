import Foundation

/// A piece of work that was begun before its result is wanted, on a thread of its own: reading or decoding what comes
/// next while the caller works on what came before.
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

  /// Waits for the end of the work.
  /// - Throws: what the work threw.
  package func value() throws -> Value {
    wait()
    guard let result else { preconditionFailure("the work ended without a result") }
    return try result.get()
  }

  /// Waits for the end of the work, whatever came of it.
  package func wait() { done.wait() }
}

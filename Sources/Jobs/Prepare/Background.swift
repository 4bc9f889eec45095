import Foundation
import Synchronization

/// Runs a function on its own thread. The thread belongs to the operating system, so work that reads files blocks no
/// other work.
final class Background<Value: Sendable>: Sendable {
  private let result = Mutex<Result<Value, any Error>?>(nil)
  private let group = DispatchGroup()

  /// Starts at once.
  init(_ work: @escaping @Sendable () throws -> Value) {
    group.enter()
    let thread = Thread { [self] in
      let found = Result { try work() }
      result.withLock { $0 = found }
      group.leave()
    }
    thread.stackSize = 8 << 20
    thread.start()
  }

  /// Waits until the function has returned.
  func wait() { group.wait() }

  /// Waits for the result and returns it.
  /// - Throws: the error that the function threw.
  func value() throws -> Value {
    wait()
    guard let result = result.withLock({ $0 }) else { preconditionFailure("work ended without a result") }
    return try result.get()
  }
}

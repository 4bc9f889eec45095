import Foundation
import Synchronization

/// A piece of work on a thread of its own. The thread is the operating system's, so that work which reads files holds
/// up no other.
final class Background<Value: Sendable>: Sendable {
  private let result = Mutex<Result<Value, any Error>?>(nil)
  private let group = DispatchGroup()

  /// Begins at once.
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

  /// Returns when it has ended.
  func wait() { group.wait() }

  /// What it gave, once it has ended.
  /// - Throws: what it threw.
  func value() throws -> Value {
    wait()
    guard let result = result.withLock({ $0 }) else { preconditionFailure("work ended without a result") }
    return try result.get()
  }
}

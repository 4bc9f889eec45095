// Operating-system threads for work that blocks: decoding, reading, waiting for a child. They live for one run.

import Dispatch
import Foundation

package enum RunThreads {
  /// Runs `body` on `count` threads of their own, and `meanwhile` on the calling one; returns when all have ended.
  package static func run(_ count: Int, _ body: @escaping @Sendable () -> Void, meanwhile: () -> Void = {}) {
    let group = DispatchGroup()
    for number in 0..<count {
      group.enter()
      let thread = Thread {
        body()
        group.leave()
      }
      thread.stackSize = 8 << 20
      thread.name = "run-\(number)"
      thread.start()
    }
    meanwhile()
    group.wait()
  }
}

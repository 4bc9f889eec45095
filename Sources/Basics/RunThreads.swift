// Operating-system threads for blocking work: decoding, reading, waiting for a child process. They exist for one run.

import Dispatch
import Foundation

package enum RunThreads {
  /// Runs `body` on `count` new threads and `meanwhile` on the calling thread; returns when all have ended.
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

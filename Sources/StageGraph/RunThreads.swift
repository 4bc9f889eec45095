// Operating-system threads for work that blocks: decoding, reading, waiting for a child. They live for one run.

import Dispatch
import Foundation

enum RunThreads {
  /// Runs `body` on `count` threads of their own, and `meanwhile` on the calling one; returns when all have ended.
  static func run(_ count: Int, _ body: @escaping @Sendable () -> Void, meanwhile: () -> Void = {}) {
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

import Basics
import Foundation
import Ranks
import Synchronization

/// Ranks as threads of the test's process, so that nothing has to be installed.
package enum RankThreads {
  /// Runs `body` on `count` ranks at the same time. If it throws on a rank, that rank ends like a process: it falls
  /// silent, unless all ranks know why.
  ///
  /// - Parameters:
  ///   - silence: seconds after which a silent rank is considered dead.
  /// - Returns: the results by rank.
  package static func run<Value: Sendable>(
    _ count: Int, silence: Double = 30, wrap: @escaping @Sendable (any Transport) -> any Transport = { $0 },
    _ body: @escaping @Sendable (RankGroup) throws -> Value
  ) -> [Result<Value, any Error>] {
    guard count > 1 else { return [Result { try body(.alone) }] }
    let results = Mutex([Result<Value, any Error>?](repeating: nil, count: count))
    let threads = ThreadTransport.group(count).map { transport in
      let handed = Handed(transport)
      return Thread {
        let result = Result {
          let ranks = try RankGroup(silence: silence) { wrap(handed.transport) }
          do {
            let value = try body(ranks)
            ranks.close()
            return value
          } catch {
            if ranks.endsTogether { ranks.close() } else { ranks.abort(.failed) }
            throw error
          }
        }
        results.withLock { $0[handed.transport.rank] = result }
      }
    }
    for thread in threads {
      thread.stackSize = 8 << 20
      thread.start()
    }
    while !threads.allSatisfy(\.isFinished) { usleep(1000) }
    return results.withLock { $0.compactMap(\.self) }
  }

  /// Passes a transport to the one thread that uses it.
  private struct Handed: @unchecked Sendable {
    let transport: ThreadTransport
    init(_ transport: ThreadTransport) { self.transport = transport }
  }
}

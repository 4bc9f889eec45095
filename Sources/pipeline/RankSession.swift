import Basics
import Foundation
import Ranks
import Synchronization

/// The ranks that this process was started with, from joining to the end.
enum RankSession {
  private static let group = Mutex<RankGroup?>(nil)

  /// Joins the ranks that `mpirun` or `srun --mpi=pmix` started together; a process that was started alone is the only
  /// rank. From here on only rank 0 prints.
  /// - Throws: when there are several tasks that cannot be joined.
  static func join() throws -> RankGroup {
    guard let launch = try launch() else { return .alone }
    if launch.rank > 0 { Console.mute(rank: launch.rank) }
    let joined = try RankGroup.join(launch)
    group.withLock { $0 = joined }
    return joined
  }

  /// For commands that only read: one of several tasks prints, and no ranks are joined.
  static func speakOnce() throws {
    if let launch = try launch(), launch.rank > 0 { Console.mute(rank: launch.rank) }
  }

  private static func launch() throws -> Launch? { try Launch(ProcessInfo.processInfo.environment) }

  /// - Throws: `ranks.command` when the program was started as one of several tasks for work that cannot be shared.
  static func refuseSeveral(_ command: String) throws {
    guard let launch = try launch() else { return }
    throw Failure(
      "ranks.command", "\(command) is not shared among ranks", found: "\(launch.count) tasks",
      hint: "start it once; then: mpirun -n \(launch.count) pipeline distill", exit: .usage)
  }

  /// Whether this process prints and writes.
  static var isFirst: Bool { !Console.isMuted }

  /// Reports the failure that ends this process, and aborts the other ranks unless they have the same failure.
  static func fail(_ failure: Failure) {
    let joined = group.withLock { $0 }
    let isShared = joined?.endsTogether ?? false
    if isFirst || !isShared { Console.report(failure) }
    if isFirst { JobReport.finish() }
    if isShared { joined?.close() } else { joined?.abort(failure.exit) }
  }

  /// Disconnects from the other ranks.
  static func end() { group.withLock { $0 }?.close() }
}

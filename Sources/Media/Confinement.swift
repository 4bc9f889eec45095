import Basics
import CFFmpeg
import CSystem

/// Whether decode workers are locked in.
package enum SandboxMode: String, Codable, Sendable, CaseIterable {
  /// As far as the kernel can.
  case auto
  /// Wholly, or not at all started.
  case required
  case off
}

/// What keeps a worker from everything but decoding.
package struct Confinement: Codable, Sendable, Equatable {
  /// The version of Landlock that denies it files, programs, network and other processes; 0: none does.
  package var landlock = 0
  /// Whether any system call but those of `CSystem/calls.c` ends it.
  package var filtersCalls = false

  package static let none = Confinement()

  /// What this kernel offers; nothing is changed by asking.
  package static var offered: Confinement {
    Confinement(landlock: Int(system_landlock_version()), filtersCalls: system_filter_is_offered() == 1)
  }

  /// What is lacking, for people; empty where nothing is.
  package var missing: [String] {
    (landlock == 0 ? ["Landlock"] : []) + (filtersCalls ? [] : ["seccomp filters"])
  }

  package var description: String {
    let parts = (landlock > 0 ? ["Landlock \(landlock)"] : []) + (filtersCalls ? ["system calls filtered"] : [])
    return parts.isEmpty ? "none" : parts.joined(separator: ", ")
  }

  /// Locks this process in for good, as far as the kernel offers it.
  ///
  /// Landlock binds the thread that asks and those that it makes later, so there must be no others yet; the filter of
  /// system calls binds all that are there, and no more are made.
  /// - Parameter startThreads: makes the threads that the process will have, and returns once they have begun their
  ///   work.
  /// - Throws: `sandbox.missing` where `required` is more than the kernel offers; `sandbox.failed` where it refuses
  ///   what it offers: then the process must end.
  static func enter(_ mode: SandboxMode, startThreads: () throws -> Void) throws -> Confinement {
    let offered = offered
    if mode == .required, !offered.missing.isEmpty { throw Failure.sandboxMissing(offered) }
    guard mode != .off, offered != .none else {
      try startThreads()
      return .none
    }
    guard try Files.names(in: "/proc/self/task").count == 1 else { throw Failure.sandboxThreads() }
    media_open_what_opens_late()
    try check(system_no_new_privileges(), "no new privileges")
    if offered.landlock > 0 { try check(system_landlock_deny_everything(), "Landlock") }
    try startThreads()
    if offered.filtersCalls { try check(system_filter_calls(), "a filter of system calls") }
    return offered
  }

  private static func check(_ result: Int32, _ what: String) throws {
    guard result == 0 else { throw Failure.sandboxFailed(what) }
  }
}

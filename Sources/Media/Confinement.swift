import Basics
import CFFmpeg
import CSystem

/// Whether decode workers are sandboxed.
package enum SandboxMode: String, Codable, Sendable, CaseIterable {
  /// As far as the kernel supports it.
  case auto
  /// Fully, or the worker does not start.
  case required
  case off
}

/// The restrictions on a worker, which allow it nothing but decoding.
package struct Confinement: Codable, Sendable, Equatable {
  /// The Landlock version that denies access to files, programs, the network and other processes; 0 if Landlock is
  /// missing.
  package var landlock = 0
  /// Whether a system call outside those in `CSystem/calls.c` ends the worker.
  package var filtersCalls = false

  package static let none = Confinement()

  /// What this kernel supports. Asking changes nothing.
  package static var offered: Confinement {
    Confinement(landlock: Int(system_landlock_version()), filtersCalls: system_filter_is_offered() == 1)
  }

  /// What is missing, for messages; empty if nothing is.
  package var missing: [String] {
    (landlock == 0 ? ["Landlock"] : []) + (filtersCalls ? [] : ["seccomp filters"])
  }

  package var description: String {
    let parts = (landlock > 0 ? ["Landlock \(landlock)"] : []) + (filtersCalls ? ["system calls filtered"] : [])
    return parts.isEmpty ? "none" : parts.joined(separator: ", ")
  }

  /// Restricts this process for good, as far as the kernel supports it.
  ///
  /// Landlock applies to the calling thread and to threads it starts later, so no other thread may exist yet. The
  /// system-call filter applies to all existing threads, and no more are started after it.
  /// - Parameter startThreads: starts the threads that the process will have, and returns once they run.
  /// - Throws: `sandbox.missing` if `required` is more than the kernel supports; `sandbox.failed` if the kernel refuses
  ///   what it supports: the process must then end.
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

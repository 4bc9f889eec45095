import CSystem
import Foundation

/// What this process may use of the machine it runs on.
package enum Machine {
  /// Processors: those of the affinity mask (taskset, cpuset, Slurm), no more than the quota of the control group and
  /// `SLURM_CPUS_PER_TASK` allow; at least 1. Settled at the first use.
  package static let processors: Int = {
    let limits = [
      Int(system_processor_count()), quota(root: ""),
      ProcessInfo.processInfo.environment["SLURM_CPUS_PER_TASK"].flatMap { Int($0) },
    ]
    return limits.compactMap { $0 }.filter { $0 > 0 }.min() ?? ProcessInfo.processInfo.activeProcessorCount
  }()

  /// Memory in bytes: the machine's, no more than the control group's limit.
  package static let memory: Int = {
    let whole = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    return min(whole, memoryLimit(root: "") ?? whole)
  }()

  /// Whole processors that the quota of the process's control groups allows, of version 2 or 1; nil: no quota.
  /// - Parameter root: what stands before `/proc` and `/sys`; empty for the machine itself.
  static func quota(root: String) -> Int? {
    let version2 = groups(root: root, controller: "").compactMap { group -> Double? in
      let words = text("\(root)/sys/fs/cgroup\(group)/cpu.max")?.split(separator: " ") ?? []
      guard words.count == 2, let quota = Double(words[0]), let period = Double(words[1]), period > 0 else {
        return nil
      }
      return quota / period
    }
    let version1 = groups(root: root, controller: "cpu").compactMap { group -> Double? in
      let directory = "\(root)/sys/fs/cgroup/cpu\(group)"
      guard let quota = number("\(directory)/cpu.cfs_quota_us"), let period = number("\(directory)/cpu.cfs_period_us"),
        quota > 0, period > 0
      else { return nil }
      return quota / period
    }
    return (version2 + version1).min().map { max(1, Int($0)) }
  }

  static func memoryLimit(root: String) -> Int? {
    let limits =
      groups(root: root, controller: "").map { "\(root)/sys/fs/cgroup\($0)/memory.max" }
      + groups(root: root, controller: "memory").map { "\(root)/sys/fs/cgroup/memory\($0)/memory.limit_in_bytes" }
    // Version 1 says "none" as a number near 2^63.
    return limits.compactMap { number($0) }.filter { $0 > 0 && $0 < 0x1p60 }.min().map { Int($0) }
  }

  /// The process's group and those above it, as paths that begin with a slash; the outermost is empty.
  private static func groups(root: String, controller: String) -> [String] {
    for line in (text("\(root)/proc/self/cgroup") ?? "").split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3,
        parts[1].split(separator: ",").map(String.init).contains(controller)
          || (controller.isEmpty && parts[1].isEmpty)
      else { continue }
      var names = parts[2].split(separator: "/")
      var groups: [String] = []
      while true {
        groups.append(names.map { "/\($0)" }.joined())
        if names.popLast() == nil { return groups }
      }
    }
    return []
  }

  private static func number(_ path: String) -> Double? { text(path).flatMap { Double($0) } }

  /// A line or a few of the kernel's: such files have no size.
  private static func text(_ path: String) -> String? {
    guard let file = try? InputFile(path) else { return nil }
    var bytes = [UInt8](repeating: 0, count: 16_384)
    guard let count = try? bytes.withUnsafeMutableBytes({ try file.read(into: $0) }) else { return nil }
    return String(decoding: bytes[..<count], as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }
}

import CSystem
import Foundation

/// The resources of the machine that this process may use.
package enum Machine {
  /// The number of processors in the affinity mask (taskset, cpuset, Slurm), limited by the quota of the control group
  /// and by `SLURM_CPUS_PER_TASK`; at least 1. Determined at the first use.
  package static let processors: Int = {
    let limits = [
      Int(system_processor_count()), quota(root: ""),
      ProcessInfo.processInfo.environment["SLURM_CPUS_PER_TASK"].flatMap { Int($0) },
    ]
    return limits.compactMap { $0 }.filter { $0 > 0 }.min() ?? ProcessInfo.processInfo.activeProcessorCount
  }()

  /// Memory in bytes: the machine's memory, limited by the control group.
  package static let memory: Int = {
    let whole = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    return min(whole, memoryLimit(root: "") ?? whole)
  }()

  /// The number of whole processors that the quota of the process's control groups (version 2 or 1) allows; nil: no
  /// quota.
  /// - Parameter root: the prefix of `/proc` and `/sys`; empty for the machine itself.
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
    // Version 1 writes "no limit" as a number near 2^63.
    return limits.compactMap { number($0) }.filter { $0 > 0 && $0 < 0x1p60 }.min().map { Int($0) }
  }

  /// The process's group and its parents, as paths that begin with a slash; the outermost is empty.
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

  /// The text of a small kernel file: such files have no size.
  private static func text(_ path: String) -> String? {
    guard let file = try? InputFile(path) else { return nil }
    var bytes = [UInt8](repeating: 0, count: 16_384)
    guard let count = try? bytes.withUnsafeMutableBytes({ try file.read(into: $0) }) else { return nil }
    return String(decoding: bytes[..<count], as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }
}

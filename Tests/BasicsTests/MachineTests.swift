import TestSupport
import Testing

@testable import Basics

@Suite("What a process may use of the machine")
struct MachineTests {
  private func root(_ files: [String: String]) throws -> Scratch {
    let scratch = try Scratch()
    for (path, text) in files {
      try Files.makeDirectory(Files.parent(scratch[path]))
      try Files.write(text, to: scratch[path])
    }
    return scratch
  }

  @Test("the quota of the group and of those above it, the smallest, in whole processors")
  func version2() throws {
    let machine = try root([
      "proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
      "sys/fs/cgroup/a/cpu.max": "350000 100000\n", "sys/fs/cgroup/a/b/memory.max": "1073741824\n",
      "sys/fs/cgroup/a/memory.max": "max\n",
    ])
    #expect(Machine.quota(root: machine.path) == 3)
    #expect(Machine.memoryLimit(root: machine.path) == 1 << 30)
  }

  @Test("the older control groups, with a controller each")
  func version1() throws {
    let machine = try root([
      "proc/self/cgroup": "4:memory:/job\n3:cpu,cpuacct:/job\n1:name=systemd:/\n0::/\n",
      "sys/fs/cgroup/cpu/job/cpu.cfs_quota_us": "50000\n", "sys/fs/cgroup/cpu/job/cpu.cfs_period_us": "100000\n",
      "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
      "sys/fs/cgroup/memory/job/memory.limit_in_bytes": "536870912\n",
      "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
    ])
    #expect(Machine.quota(root: machine.path) == 1)
    #expect(Machine.memoryLimit(root: machine.path) == 1 << 29)
  }

  @Test("no group, no limit; text that is none does not count")
  func none() throws {
    let empty = try Scratch()
    #expect(Machine.quota(root: empty.path) == nil && Machine.memoryLimit(root: empty.path) == nil)
    let odd = try root(["proc/self/cgroup": "what\n0::/x\n", "sys/fs/cgroup/x/cpu.max": "lots of it\n"])
    #expect(Machine.quota(root: odd.path) == nil)
    #expect(Machine.processors >= 1 && Machine.memory > 0)
  }
}

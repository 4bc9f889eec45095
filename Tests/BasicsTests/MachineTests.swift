import TestSupport
import Testing

@testable import Basics

@Suite("The resources that a process may use")
struct MachineTests {
  private func root(_ files: [String: String]) throws -> Scratch {
    let scratch = try Scratch()
    for (path, text) in files {
      try Files.makeDirectory(Files.parent(scratch[path]))
      try Files.write(text, to: scratch[path])
    }
    return scratch
  }

  @Test("the smallest quota of the group and its ancestors, in whole processors")
  func version2() throws {
    let machine = try root([
      "proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
      "sys/fs/cgroup/a/cpu.max": "350000 100000\n", "sys/fs/cgroup/a/b/memory.max": "1073741824\n",
      "sys/fs/cgroup/a/memory.max": "max\n",
    ])
    #expect(Machine.quota(root: machine.path) == 3)
    #expect(Machine.memoryLimit(root: machine.path) == 1 << 30)
  }

  @Test("version 1 control groups, with one hierarchy per controller")
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

  @Test("without a group there is no limit; invalid text is ignored")
  func none() throws {
    let empty = try Scratch()
    #expect(Machine.quota(root: empty.path) == nil && Machine.memoryLimit(root: empty.path) == nil)
    let odd = try root(["proc/self/cgroup": "what\n0::/x\n", "sys/fs/cgroup/x/cpu.max": "lots of it\n"])
    #expect(Machine.quota(root: odd.path) == nil)
    #expect(Machine.processors >= 1 && Machine.memory > 0)
  }
}

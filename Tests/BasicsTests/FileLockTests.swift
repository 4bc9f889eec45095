import Basics
import Foundation
import TestSupport
import Testing

@Suite("Locks")
struct FileLockTests {
  @Test("a second holder is refused with the first one's pid; the file stays when the lock goes")
  func refused() throws {
    let scratch = try Scratch()
    try Files.write("99999999999 left by who was here before", to: scratch["lock"])
    do {
      let first = try FileLock(scratch["lock"])
      let failure = #expect(throws: Failure.self) { try FileLock(scratch["lock"]) }
      #expect(failure?.code == "locked" && failure?.exit == .locked && failure?.found == "pid \(getpid())")
      #expect(failure?.subject == scratch.path && failure?.hint?.contains("--workspace") == true)
      let named = #expect(throws: Failure.self) { try FileLock(scratch["lock"], of: "shards", hint: "wait") }
      #expect(named?.subject == "shards" && named?.hint == "wait")
      withExtendedLifetime(first) {}
    }
    #expect(try Files.read(scratch["lock"]) == Array("\(getpid())".utf8))
    let second = try FileLock(scratch["lock"])
    #expect(Files.exists(scratch["lock"]))
    withExtendedLifetime(second) {}
  }

  @Test("a symbolic link in place of the lock is refused, and its target is not changed")
  func link() throws {
    let scratch = try Scratch()
    try Files.write("precious", to: scratch["other"])
    try FileManager.default.createSymbolicLink(atPath: scratch["lock"], withDestinationPath: scratch["other"])
    #expect(throws: Failure.self) { try FileLock(scratch["lock"]) }
    #expect(try Files.read(scratch["other"]) == Array("precious".utf8))
  }

  @Test("if many want it at the same time, only one has it at any time")
  func one() throws {
    let scratch = try Scratch()
    let path = scratch["lock"]
    nonisolated(unsafe) var inside = 0
    let taken = try parallelMap(400, threads: 4) { _ in
      do {
        let lock = try FileLock(path)
        inside += 1
        let isAlone = inside == 1
        Thread.sleep(forTimeInterval: 0.0002)
        inside -= 1
        withExtendedLifetime(lock) {}
        return isAlone ? 1 : 1000
      } catch let failure as Failure where failure.exit == .locked {
        return 0
      }
    }
    #expect((1...400).contains(taken.reduce(0, +)))
  }

  @Test("the lock of a process that was killed is free")
  func killed() throws {
    let scratch = try Scratch()
    let path = scratch["lock"]
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["flock", "--no-fork", path, "sleep", "60"]
    try process.run()
    let limit = Date(timeIntervalSinceNow: 20)
    var refused: Failure?
    while refused == nil, Date() < limit {
      do { _ = try FileLock(path) } catch { refused = error as? Failure }
    }
    #expect(refused?.exit == .locked)
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    #expect(throws: Never.self) { try FileLock(path) }
  }
}

import Basics
import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Replacing a directory with another")
struct DirectoryReplacementTests {
  private func setUp() throws -> (Scratch, DirectoryReplacement) {
    let scratch = try Scratch()
    for name in ["old", "new"] {
      try Files.makeDirectory(scratch[name])
      try Files.write(name, to: scratch["\(name)/f"])
    }
    return (scratch, DirectoryReplacement(scratch["old"], by: scratch["new"]))
  }

  private func contents(_ scratch: Scratch, _ name: String) -> String {
    ((try? Files.read(scratch["\(name)/f"])) ?? []).map { String(UnicodeScalar($0)) }.joined()
  }

  @Test("the two are exchanged, in one step or in several", arguments: [true, false])
  func replaces(exchanges: Bool) throws {
    let (scratch, replacement) = try setUp()
    try FaultyFileSystem(below: scratch.path, .never, exchanges: exchanges).inUse { try replacement.run() }
    #expect(contents(scratch, "old") == "new" && contents(scratch, "new") == "old")
    #expect(try Files.names(in: scratch.path) == ["new", "old"])
  }

  @Test("whichever rename is the last before a kill, the next run finds the old or the new directory")
  func recovers() throws {
    for last in 2...4 {
      let (scratch, replacement) = try setUp()
      // All operations from there on fail, as after a kill.
      let disk = FaultyFileSystem(below: scratch.path, .fromThenOn(last, EIO), exchanges: false)
      #expect(throws: Failure.self) { try disk.inUse { try replacement.run() } }
      try replacement.recover()
      #expect(contents(scratch, "old") == (last == 4 ? "new" : "old"), "operation \(last)")
      #expect(try Files.names(in: scratch.path) == ["new", "old"])
      try replacement.run()
    }
  }

  @Test("a directory that cannot be renamed is copied; whatever is last before a kill, one set is complete")
  func copies() throws {
    let (scratch, replacement) = try setUp()
    let whole = FaultyFileSystem(below: scratch.path, .never, exchanges: false, fixed: ["old"])
    try whole.inUse { try replacement.run() }
    #expect(contents(scratch, "old") == "new" && contents(scratch, "new") == "old")
    #expect(try Files.names(in: scratch.path) == ["new", "old"])
    for last in 1..<whole.count {
      let (scratch, replacement) = try setUp()
      let disk = FaultyFileSystem(
        below: scratch.path, .fromThenOn(last + 1, EIO), exchanges: false, fixed: ["old"])
      #expect(throws: Failure.self) { try disk.inUse { try replacement.run() } }
      try replacement.recover()
      #expect(["old", "new"].contains(contents(scratch, "old")), "operation \(last)")
      #expect(try Files.names(in: scratch.path) == ["new", "old"], "operation \(last)")
      try replacement.run()
    }
  }

  @Test("the abilities of a file system are found by trying, which leaves nothing behind")
  func abilities() throws {
    let scratch = try Scratch()
    for (exchanges, links) in [(true, true), (false, true), (true, false)] {
      let disk = FaultyFileSystem(below: scratch.path, .never, exchanges: exchanges, links: links)
      let found = try disk.inUse { try FileSystemAbilities(of: scratch.path) }
      #expect(found.exchanges == exchanges && found.links == links)
      #expect((found.substitutes == nil) == (exchanges && links))
    }
    #expect(try Files.names(in: scratch.path).isEmpty)
  }

  @Test("a trial leaves nothing behind, whichever operation fails once")
  func trialsThatFail() throws {
    let scratch = try Scratch()
    let counting = FaultyFileSystem(below: scratch.path, .never)
    _ = try counting.inUse { try FileSystemAbilities(of: scratch.path) }
    for n in 1...counting.count {
      let disk = FaultyFileSystem(below: scratch.path, .once(n, EIO))
      try disk.inUse { _ = try? FileSystemAbilities(of: scratch.path) }
      #expect(try Files.names(in: scratch.path).isEmpty, "operation \(n)")
    }
  }

  @Test("directories that cannot be exchanged are reported")
  func absent() throws {
    let (scratch, _) = try setUp()
    let failure = #expect(throws: Failure.self) {
      try DirectoryReplacement(scratch["old"], by: scratch["none"]).run()
    }
    #expect(failure?.code == "file.exchange" && contents(scratch, "old") == "old")
  }

  @Test("a file gets a second name, or a copy if there are no links", arguments: [true, false])
  func links(links: Bool) throws {
    let scratch = try Scratch()
    let bytes = (0..<2_500_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try Files.write(bytes, to: scratch["a"])
    try FaultyFileSystem(below: scratch.path, .never, links: links).inUse {
      try Files.linkOrCopy(scratch["a"], to: scratch["b"])
    }
    #expect(try Files.read(scratch["b"]) == bytes)
    #expect(try (Files.identity(scratch["a"]).inode == Files.identity(scratch["b"]).inode) == links)
  }
}

// Which files are read again.

import Basics
import Foundation
import Glibc
import Testing

@testable import StageGraph

@Suite struct FileDigestCacheTests {
  let directory = TestDirectory()

  private func write(_ name: String, _ text: String, age: Int = 60) throws -> String {
    let path = "\(directory.path)/\(name)"
    try Files.makeDirectory(directory.path)
    try Files.write(text, to: path)
    var times = [timespec(), timespec()]
    for k in 0..<2 { times[k].tv_sec = time(nil) - age }
    utimensat(AT_FDCWD, path, times, 0)
    return path
  }

  private func look(
    _ paths: [String], jobs: Int = 2, below known: String? = nil
  ) throws -> (digests: [Digest?], hashed: Int) {
    let memo = try FileDigestCache(Catalog.writer("\(directory.path)/workspace"), below: known)
    let digests = try memo.digests(of: paths, jobs: jobs, isInterrupted: { false }).map { try? $0.get() }
    try memo.save()
    return (digests, memo.hashed)
  }

  @Test("a file is read once, and again after a change")
  func changes() throws {
    let paths = try (0..<700).map { try write("f\($0)", "\($0 % 7)") }
    let expected = (0..<700).map { Digest(of: "\($0 % 7)") }
    #expect(try look(paths) == (expected, 700))
    #expect(try look(paths) == (expected, 0))
    _ = try write("f3", "x", age: 30)
    let changed = try look(paths, jobs: 1)
    #expect(changed.hashed == 1 && changed.digests[3] == Digest(of: "x"))
    // The same size and time, another inode: replaced by rename.
    _ = try write("f4", "9", age: 60)
    #expect(try look(paths).digests[4] == Digest(of: "9"))
  }

  @Test("opened for one directory, it knows the files below that and no others")
  func oneDirectory() throws {
    for name in ["a", "a/b", "a0", "a-"] { try Files.makeDirectory("\(directory.path)/\(name)") }
    let paths = try ["a/f", "a/b/f", "a0/f", "a-/f", "f"].map { try write($0, $0) }
    #expect(try look(paths).hashed == 5)
    #expect(try look(paths, below: "\(directory.path)/a").hashed == 3)
    #expect(try look(paths, below: directory.path).hashed == 0)
  }

  @Test("a file written just now is read again")
  func fresh() throws {
    // An hour in the future, so that the file stays new even on a slow machine.
    let path = try write("f", "1", age: -3600)
    #expect(try look([path]).hashed == 1)
    #expect(try look([path]).hashed == 1)
  }

  @Test("a file that cannot be read is one failure, not all")
  func unreadable() throws {
    let path = try write("f", "1")
    let memo = try FileDigestCache(Catalog.writer("\(directory.path)/workspace"))
    let found = try memo.digests(of: [path, "\(directory.path)/none"], jobs: 2, isInterrupted: { false })
    #expect(try found[0].get() == Digest(of: "1"))
    #expect(throws: Failure.self) { try found[1].get() }
    #expect(throws: Interruption.failure) { try memo.digests(of: [path], jobs: 2, isInterrupted: { true }) }
  }
}

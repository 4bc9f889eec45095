// What gc removes, what it keeps, and the state after it is killed.

import Basics
import Foundation
import Glibc
import TestSupport
import Testing

@testable import StageGraph

@Suite struct CompactionTests {
  let directory = TestDirectory()
  var arithmetic: Arithmetic { Arithmetic(directory.path) }
  let leaves = ["a": 3, "b": 5, "c": 7]
  private let other = Arithmetic.stages(factor: 11)

  private func collect(generations: Int = 1, isWanted: (ActionID) -> Bool = { _ in true }) throws -> Garbage {
    let store = try ArtifactStore(Catalog.writer(directory.path))
    defer { store.catalog.endWriting() }
    let garbage = try store.garbage(generations: generations, isWanted: isWanted)
    try store.collect(garbage)
    return garbage
  }

  private func size() throws -> Int {
    try Files.names(in: ArtifactStore.directory(directory.path)).reduce(0) {
      try $0 + Files.identity("\(ArtifactStore.directory(directory.path))/\($1)").size
    }
  }

  @Test("artifacts of current records and of the last run's older ones stay; the rest is removed")
  func keeps() throws {
    let arithmetic = arithmetic
    _ = try arithmetic.build(leaves)
    #expect(try collect().artifacts == 0)
    _ = try arithmetic.build(leaves, stages: other, factor: 11)
    #expect(try collect().artifacts == 0)
    // The records of factor 2 were replaced one run ago.
    #expect(try arithmetic.build(leaves).ran == [])
    #expect(try arithmetic.build(leaves, stages: other, factor: 11).ran == [])
    _ = try arithmetic.build(leaves, stages: Arithmetic.stages(factor: 13), factor: 13)
    let before = try size()
    let garbage = try collect()
    #expect(garbage.memos > 0 && garbage.artifacts > 0 && garbage.segments == 1)
    #expect(try size() == before - garbage.bytes)
    #expect(try arithmetic.build(leaves, stages: Arithmetic.stages(factor: 13), factor: 13).ran == [])
    #expect(try arithmetic.build(leaves, stages: other, factor: 11).ran == [])
    #expect(!(try arithmetic.build(leaves).ran.isEmpty))
    #expect(try ArtifactStore(Catalog.writer(directory.path)).verify().faults == [])
  }

  @Test("records of unwanted subjects are removed with their bytes")
  func subjects() throws {
    let arithmetic = arithmetic
    _ = try arithmetic.build(leaves)
    let garbage = try collect { $0.subject != "b" }
    #expect(garbage.records == 2)
    #expect(try arithmetic.build(leaves).ran == [Arithmetic.id("scale", "b"), Arithmetic.id("sign", "b")])
    #expect(try collect().bytes == 0)
  }

  @Test("an error at the N-th write leaves an intact store, for every N")
  func faults() throws {
    let arithmetic = arithmetic
    for failing in 1...12 {
      try Files.remove(directory.path)
      _ = try arithmetic.build(leaves)
      _ = try arithmetic.build(leaves, stages: other, factor: 11)
      do {
        let store = try ArtifactStore(Catalog.writer(directory.path))
        defer { store.catalog.endWriting() }
        let garbage = try store.garbage(generations: 0) { _ in true }
        do {
          try FaultyFileSystem(below: directory.path, .once(failing, ENOSPC)).inUse { try store.collect(garbage) }
        } catch let failure as Failure {
          #expect(failure.found == "No space left on device")
        }
      }
      #expect(try arithmetic.build(leaves, stages: other, factor: 11).ran == [], "write \(failing)")
      _ = try collect(generations: 0)
      let store = try ArtifactStore(Catalog.writer(directory.path))
      #expect(try store.verify().faults == [])
      #expect(try store.garbage(generations: 0) { _ in true }.bytes == 0)
    }
  }

  @Test("a kill between the transaction and the removal of the old file loses nothing")
  func killed() throws {
    let arithmetic = arithmetic
    _ = try arithmetic.build(leaves)
    _ = try arithmetic.build(leaves, stages: other, factor: 11)
    let old = ArtifactStore.path(directory.path, segment: 0)
    let bytes = try Files.read(old)
    #expect(try collect(generations: 0).segments == 1)
    #expect(!Files.exists(old))
    try Files.write(bytes, to: old)
    #expect(try arithmetic.build(leaves, stages: other, factor: 11).ran == [])
    #expect(!Files.exists(old))
  }

  @Test("a single forced action runs, and no other of its stage")
  func forcedAction() throws {
    let arithmetic = arithmetic
    _ = try arithmetic.build(leaves)
    let store = try ArtifactStore(Catalog.writer(directory.path))
    let plan = try Planner.plan(
      stages: Arithmetic.stages(), actions: Arithmetic.actions(leaves), history: store.history(),
      forceActions: [Arithmetic.id("scale", "b"), Arithmetic.id("scale", "z")])
    let build = try arithmetic.run(plan, store, execute: arithmetic.execute(leaves))
    #expect(build.ran == [Arithmetic.id("scale", "b")])
    #expect(build.reasons == [Arithmetic.id("scale", "b"): [.forced]])
  }

  @Test("parts of a file are read again only when the file changes")
  func parts() throws {
    try Files.makeDirectory(directory.path)
    let path = "\(directory.path)/file"
    try Files.write("ab", to: path)
    try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -60)], ofItemAtPath: path)
    let catalog = try Catalog.writer(directory.path)
    func look() throws -> (digests: [Digest], read: Int) {
      let memo = try FileDigestCache(catalog)
      defer { try? memo.save() }
      let found = try memo.digests(ofParts: 2, jobs: 2) {
        (path, "\($0 + 1)")
      } read: {
        Digest(of: "\($0)")
      }
      return (try found.map { try $0.get() }, memo.hashed)
    }
    let expected = [Digest(of: "0"), Digest(of: "1")]
    #expect(try look() == (expected, 2))
    #expect(try look() == (expected, 0))
    try FileDigestCache.forget(path, in: catalog)
    #expect(try look() == (expected, 2))
    try Files.write("abc", to: path)
    #expect(try look() == (expected, 2))
    #expect(try look() == (expected, 2))
  }
}

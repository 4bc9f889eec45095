import Basics
import Foundation
import StageGraph
import TestSupport
import Testing

@testable import RemoteCache

@Suite("A remote cache in a directory", .serialized)
struct DirectoryBackendTests {
  private let place: CacheUnderTest
  private let stage = "scale"

  init() throws { place = try CacheUnderTest(.directory) }

  private func fill(_ count: Int) throws {
    let cache = try place.cache()
    for k in 0..<count { cache.keep(SomeResults.fingerprint(k), stage: stage, SomeResults.outputs(k)) }
    #expect(cache.failures.isEmpty)
  }

  private func found(_ count: Int) throws -> [Bool] {
    let cache = try place.cache()
    return (0..<count).map { cache.find(SomeResults.fingerprint($0), stage: stage) != nil }
  }

  /// Makes a file look as if it was last used `hours` ago.
  private func age(_ path: String, hours: Int) throws {
    let date = Date(timeIntervalSinceNow: -3600 * Double(hours))
    try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: path)
  }

  @Test(
    "is named by an absolute path",
    arguments: [
      ("file:///a/b", "/a/b"), ("file:///a/b//", "/a/b"), ("file://localhost/a", "/a"),
      ("file:///a%20b/%C3%BC", "/a b/ü"),
      ("file:///a/../b", "/a/../b"), ("file://host/a", nil), ("file://a", nil), ("file:a", nil), ("file:///", nil),
      ("file://", nil), ("file:///a?b", nil), ("file:///a#b", nil), ("file:///a%00b", nil), ("file:///a%zz", nil),
    ] as [(String, String?)])
  func addresses(url: String, path: String?) throws {
    guard let path else {
      #expect(throws: Failure.self) { try CacheAddress(url, environment: [:]) }
      return
    }
    guard case .directory(let directory) = try CacheAddress(url, sizeLimit: 5, environment: [:]) else {
      Issue.record("no directory")
      return
    }
    #expect(directory.path == path && directory.name == "file://\(path)" && directory.sizeLimit == 5)
  }

  @Test("only a directory has a size limit")
  func bounds() {
    let failure = #expect(throws: Failure.self) {
      try CacheAddress("http://user:secret@host/", sizeLimit: 5, environment: [:])
    }
    #expect(failure?.code == "usage.cache-size" && failure?.exit == .usage)
    #expect(failure.map { !"\($0)".contains("secret") } == true)
  }

  @Test("has Bazel's layout and nothing else, with the modes of its own directory")
  func layout() throws {
    try Files.makeDirectory(place.scratch["cache"])
    #expect(chmod(place.scratch["cache"], 0o2775) == 0)
    try fill(3)
    #expect(try Files.names(in: place.scratch["cache"]) == ["ac", "cas", "tmp"])
    #expect(try Files.names(in: place.scratch["cache/tmp"]) == [])
    for store in ["ac", "cas"] {
      for directory in try Files.names(in: place.scratch["cache/\(store)"]) {
        #expect(directory.wholeMatch(of: /[0-9a-f]{2}/) != nil)
        var status = stat()
        #expect(stat(place.scratch["cache/\(store)/\(directory)"], &status) == 0 && status.st_mode & 0o7777 == 0o2775)
        let names = try Files.names(in: place.scratch["cache/\(store)/\(directory)"])
        #expect(names.allSatisfy { $0.wholeMatch(of: /[0-9a-f]{64}/) != nil && $0.hasPrefix(directory) })
      }
    }
  }

  @Test("is created itself, but not its parents: an unmounted file system is not a cache")
  func unmounted() throws {
    let url = "file://\(place.scratch["absent/cache"])"
    let cache = RemoteCache(try CacheAddress(url, environment: [:]), stages: [stage])
    for k in 0..<8 {
      #expect(cache.find(SomeResults.fingerprint(k), stage: stage) == nil)
      cache.keep(SomeResults.fingerprint(k), stage: stage, SomeResults.outputs(k))
    }
    #expect(cache.failures.map(\.code) == ["remote-cache.unreachable"])
    #expect(cache.tally.unkept == 8 && cache.takesNothing)
    #expect(!Files.exists(place.scratch["absent"]))
  }

  @Test("damage to many files gives a warning, and the others are still read")
  func damage() throws {
    try fill(20)
    for k in 0..<19 {
      try Mutations.write([1, 2, 3], to: place.path("cas", SomeResults.outputs(k)[0].digest))
    }
    let cache = try place.cache()
    for k in 0..<20 { #expect((cache.find(SomeResults.fingerprint(k), stage: stage) != nil) == (k == 19)) }
    #expect(cache.failures.map(\.code) == ["remote-cache.cut-off"])
    #expect(cache.failures[0].found?.hasPrefix("19 requests") == true)
    #expect(try place.names("cas").count == 21, "damaged files are gone")
  }

  @Test("anything but a regular file is neither read nor waited for")
  func pipes() throws {
    try fill(1)
    let path = place.path("cas", SomeResults.outputs()[0].digest)
    try Files.remove(path)
    #expect(mkfifo(path, 0o600) == 0)
    let cache = try place.cache()
    #expect(cache.find(SomeResults.fingerprint(0), stage: stage) == nil && cache.failures.count == 1)
  }

  @Test("entries over the limit are removed, least recently used first, never those just used")
  func trimming() throws {
    try fill(40)
    for k in 0..<40 {
      for path in [place.path("ac", SomeResults.fingerprint(k))]
        + SomeResults.outputs(k).map({ place.path("cas", $0.digest) })
      {
        try age(path, hours: 100 - k)
      }
    }
    // The oldest entry is used again.
    #expect(try place.cache().find(SomeResults.fingerprint(0), stage: stage) != nil)
    let limit = 40 * 2300 / 2
    let cache = try place.cache(sizeLimit: limit)
    cache.keep(SomeResults.fingerprint(40), stage: stage, SomeResults.outputs(40))
    cache.finish()
    let sizes = try ["ac", "cas"].flatMap { store in
      try place.names(store).compactMap { Digest(hex: $0) }.map { try Files.identity(place.path(store, $0)).size }
    }
    #expect(sizes.reduce(0, +) <= limit && sizes.reduce(0, +) > limit / 2)
    let found = try found(41)
    #expect(found[0] && found[40] && !found[1] && found[39])
    // The newest entries remain, without a gap, and the one that was used again.
    let first = try #require(found[1...].firstIndex(of: true))
    #expect(found[first...].allSatisfy { $0 })
    #expect(cache.failures.isEmpty)
  }

  @Test("a long run keeps the limit while it writes")
  func bound() throws {
    let limit = 64 << 10
    let cache = try place.cache(sizeLimit: limit)
    for k in 0..<200 { cache.keep(SomeResults.fingerprint(k), stage: stage, SomeResults.outputs(k)) }
    let sizes = try ["ac", "cas"].flatMap { store in
      try place.names(store).compactMap { Digest(hex: $0) }.map { try Files.identity(place.path(store, $0)).size }
    }
    #expect(sizes.reduce(0, +) < limit + limit / 8, "\(sizes.reduce(0, +))")
    #expect(cache.failures.isEmpty && cache.tally.kept == 200)
  }

  @Test("readers and writers see complete results or none while entries are removed")
  func trimmingBesideReaders() throws {
    let outcomes = Outcomes()
    let caches = try (0..<8).map { _ in try place.cache(sizeLimit: 40 << 10) }
    DispatchQueue.concurrentPerform(iterations: caches.count) { thread in
      for round in 0..<150 {
        let k = (round * 7 + thread * 3) % 50
        if let found = caches[thread].find(SomeResults.fingerprint(k), stage: "scale") {
          outcomes.add(found == SomeResults.outputs(k))
        } else {
          caches[thread].keep(SomeResults.fingerprint(k), stage: "scale", SomeResults.outputs(k))
        }
      }
      outcomes.add(caches[thread].failures.isEmpty)
    }
    #expect(outcomes.areAllGood)
  }

  @Test("leftovers of killed writers are removed after a day; files of live ones stay")
  func leftOvers() throws {
    try fill(1)
    for (name, hours) in [("old", 30), ("new", 1)] {
      try Mutations.write([1], to: place.scratch["cache/tmp/\(name)"])
      try age(place.scratch["cache/tmp/\(name)"], hours: hours)
    }
    let cache = try place.cache()
    cache.keep(SomeResults.fingerprint(1), stage: stage, SomeResults.outputs(1))
    cache.finish()
    #expect(try Files.names(in: place.scratch["cache/tmp"]) == ["new"])
  }

  @Test(
    "a full or read-only disk costs one warning: reading continues, and nothing partial is left",
    arguments: [(ENOSPC, "full"), (EDQUOT, "full"), (EROFS, "refused"), (EACCES, "refused"), (EIO, "failing")])
  func faults(code: Int32, kind: String) throws {
    try fill(1)
    let system = FaultyFileSystem(below: place.scratch.path, .fromThenOn(1, code))
    let cache = try place.cache()
    try system.inUse {
      for k in 1..<9 { cache.keep(SomeResults.fingerprint(k), stage: stage, SomeResults.outputs(k)) }
      #expect(cache.find(SomeResults.fingerprint(0), stage: stage) != nil)
    }
    #expect(cache.failures.map(\.code) == ["remote-cache.\(kind)"])
    #expect(cache.failures.first?.hint?.hasPrefix("nothing more was sent to it") == true)
    #expect(cache.tally.unkept == 8 && cache.takesNothing)
    #expect(try place.names("ac").count == 1)
  }

  @Test("an error at any operation keeps the earlier results and never gives a wrong one")
  func everyOperation() throws {
    let counting = FaultyFileSystem(below: place.scratch.path, .never)
    try counting.inUse { try fill(2) }
    #expect(counting.count >= 10)
    for n in 1...counting.count {
      let place = try CacheUnderTest(.directory)
      let system = FaultyFileSystem(below: place.scratch.path, .once(n, ENOSPC))
      let cache = try place.cache()
      try system.inUse {
        for k in 0..<2 { cache.keep(SomeResults.fingerprint(k), stage: stage, SomeResults.outputs(k)) }
      }
      let other = try place.cache()
      for k in 0..<2 {
        let found = other.find(SomeResults.fingerprint(k), stage: stage)
        #expect(found == nil || found == SomeResults.outputs(k))
      }
      #expect(other.failures.isEmpty && other.tally.fetched >= 1)
      #expect(try Files.names(in: place.scratch["cache/tmp"]).count <= (system.hasFailed ? 1 : 0))
    }
  }
}

/// Collects from several threads whether all checks passed.
private final class Outcomes: @unchecked Sendable {
  private let lock = NSLock()
  private var isGood = true
  var areAllGood: Bool { lock.withLock { isGood } }
  func add(_ good: Bool) { lock.withLock { isGood = isGood && good } }
}

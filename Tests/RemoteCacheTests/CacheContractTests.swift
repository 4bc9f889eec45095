import Basics
import Foundation
import StageGraph
import TestSupport
import Testing

@testable import RemoteCache

/// The contract of every kind of remote cache.
@Suite("Every remote cache", .enabled(if: Python.isThere, "a Python program is the server"))
struct CacheContractTests {
  private let outputs = SomeResults.outputs()
  private let fingerprint = SomeResults.fingerprint(0)

  @Test("one cache finds what another stored, under the names of Bazel's protocol", arguments: CacheKind.allCases)
  func roundTrip(kind: CacheKind) throws {
    let place = try CacheUnderTest(kind)
    let (one, other) = (try place.cache(), try place.cache())
    #expect(one.find(fingerprint, stage: "scale") == nil && one.has(fingerprint, stage: "scale") == false)
    one.keep(fingerprint, stage: "scale", outputs)
    #expect(try place.names("ac") == [fingerprint.hex])
    #expect(try place.names("cas") == outputs.map(\.digest.hex).sorted())
    for output in outputs { #expect(try Files.read(place.path("cas", output.digest)) == output.bytes) }
    #expect(other.has(fingerprint, stage: "scale") == true)
    #expect(other.find(fingerprint, stage: "scale") == outputs)
    #expect(one.tally.missed == 1 && one.tally.kept == 1 && one.tally.fetched == 0 && one.tally.failed == 0)
    #expect(other.tally.fetched == 1 && one.failures.isEmpty && other.failures.isEmpty)
    #expect(one.tally.unkept == 0 && !one.takesNothing)
  }

  @Test("storing the same twice, or from another cache, gives one file each", arguments: CacheKind.allCases)
  func twice(kind: CacheKind) throws {
    let place = try CacheUnderTest(kind)
    for _ in 0..<2 { try place.cache().keep(fingerprint, stage: "scale", outputs) }
    #expect(try place.names("ac").count == 1 && place.names("cas").count == 2)
    #expect(try place.cache().find(fingerprint, stage: "scale") == outputs)
  }

  @Test("an empty output is stored by its digest only", arguments: CacheKind.allCases)
  func emptyOutput(kind: CacheKind) throws {
    let place = try CacheUnderTest(kind)
    let cache = try place.cache()
    let outputs = [SomeResults.output("nothing", ""), SomeResults.output("summary", "{}")]
    cache.keep(fingerprint, stage: "scale", outputs)
    #expect(try place.names("cas") == [Digest(of: "{}").hex])
    #expect(cache.find(fingerprint, stage: "scale") == outputs && cache.has(fingerprint, stage: "scale") == true)
  }

  @Test("an answer whose output was removed is not found, without a warning", arguments: CacheKind.allCases)
  func dropped(kind: CacheKind) throws {
    let place = try CacheUnderTest(kind)
    let cache = try place.cache()
    cache.keep(fingerprint, stage: "scale", outputs)
    try Files.remove(place.path("cas", outputs[0].digest))
    #expect(cache.has(fingerprint, stage: "scale") == false)
    #expect(cache.find(fingerprint, stage: "scale") == nil)
    #expect(cache.tally.missed == 1 && cache.failures.isEmpty)
    // Storing the result again makes it complete.
    cache.keep(fingerprint, stage: "scale", outputs)
    #expect(cache.find(fingerprint, stage: "scale") == outputs)
  }

  @Test("a fact is found by its question only, and is not counted as an action", arguments: CacheKind.allCases)
  func facts(kind: CacheKind) throws {
    let place = try CacheUnderTest(kind)
    let (one, other) = (try place.cache(), try place.cache())
    #expect(one.fact(fingerprint, kind: "length") == nil)
    one.keep(fact: Array("12.5".utf8), of: fingerprint, kind: "length")
    #expect(other.fact(fingerprint, kind: "length") == Array("12.5".utf8))
    #expect(other.fact(SomeResults.fingerprint(1), kind: "length") == nil)
    #expect(try place.names("cas") == [], "it stands in the answer")
    #expect(one.tally == RemoteCache.Tally() && other.tally == RemoteCache.Tally())
    // For another kind of question, it is the wrong answer.
    #expect(other.fact(fingerprint, kind: "width") == nil)
    #expect(other.failures.map(\.code) == ["remote-cache.wrong"])
  }

  @Test("a flipped bit anywhere is noticed, and storing again repairs it", arguments: CacheKind.allCases)
  func flipped(kind: CacheKind) throws {
    let place = try CacheUnderTest(kind)
    try place.cache().keep(fingerprint, stage: "scale", outputs)
    var random = SeededRandom(seed: Mutations.seed("remote cache \(kind)"))
    for path in [place.path("ac", fingerprint)] + outputs.map({ place.path("cas", $0.digest) }) {
      let whole = try Files.read(path)
      for _ in 0..<60 {
        var bytes = whole
        bytes[Int(random.next() % UInt64(bytes.count))] ^= 1 << UInt8(random.next() % 8)
        try Mutations.write(bytes, to: path)
        let cache = try place.cache()
        #expect(cache.find(fingerprint, stage: "scale") == nil, "\(path)")
        #expect(cache.failures.map(\.code) == ["remote-cache.wrong"], "\(cache.failures)")
        cache.keep(fingerprint, stage: "scale", outputs)
        #expect(cache.find(fingerprint, stage: "scale") == outputs)
      }
    }
  }

  @Test("damage to an answer or its outputs is repaired by storing the result again", arguments: CacheKind.allCases)
  func mended(kind: CacheKind) throws {
    let place = try CacheUnderTest(kind)
    try place.cache().keep(fingerprint, stage: "scale", outputs)
    for path in [place.path("ac", fingerprint)] + outputs.map({ place.path("cas", $0.digest) }) {
      var bytes = try Files.read(path)
      bytes[bytes.count / 2] ^= 1
      try Mutations.write(bytes, to: path)
    }
    let cache = try place.cache()
    #expect(cache.find(fingerprint, stage: "scale") == nil)
    cache.keep(fingerprint, stage: "scale", outputs)
    #expect(try place.cache().find(fingerprint, stage: "scale") == outputs)
  }

  @Test("whatever an answer's bytes are, it is used or refused", arguments: CacheKind.allCases)
  func mutated(kind: CacheKind) throws {
    let place = try CacheUnderTest(kind)
    try place.cache().keep(fingerprint, stage: "scale", outputs)
    let (path, limit) = (place.path("ac", fingerprint), kind == .server ? 150 : 1500)
    let whole = try Files.read(path)
    var random = SeededRandom(seed: Mutations.seed("answers \(kind)"))
    for _ in 0..<limit {
      let bytes = Mutations.mutated(whole, &random)
      try Mutations.write(bytes, to: path)
      let found = try place.cache().find(fingerprint, stage: "scale")
      #expect(found == nil || found == outputs)
    }
  }

  @Test("a truncated output is noticed", arguments: CacheKind.allCases)
  func halved(kind: CacheKind) throws {
    let place = try CacheUnderTest(kind)
    let cache = try place.cache()
    cache.keep(fingerprint, stage: "scale", outputs)
    try Mutations.write(Array(outputs[0].bytes.prefix(7)), to: place.path("cas", outputs[0].digest))
    #expect(cache.find(fingerprint, stage: "scale") == nil)
    #expect(cache.failures.map(\.code) == ["remote-cache.cut-off"])
  }

  @Test("several threads at a time get their own results", arguments: CacheKind.allCases)
  func threads(kind: CacheKind) throws {
    let place = try CacheUnderTest(kind)
    let cache = try place.cache()
    let results = (0..<64).map { (SomeResults.fingerprint($0), SomeResults.outputs($0)) }
    DispatchQueue.concurrentPerform(iterations: 64) { cache.keep(results[$0].0, stage: "scale", results[$0].1) }
    DispatchQueue.concurrentPerform(iterations: 64) { k in
      #expect(cache.find(results[k].0, stage: "scale") == results[k].1)
    }
    #expect(cache.tally.fetched == 64 && cache.failures.isEmpty)
  }

  @Test("unsigned answers of an older version are accepted", arguments: CacheKind.allCases)
  func unsigned(kind: CacheKind) throws {
    let place = try CacheUnderTest(kind)
    try place.cache().keep(fingerprint, stage: "scale", outputs)
    let path = place.path("ac", fingerprint)
    var answer = try Build_Bazel_Remote_Execution_V2_ActionResult(serializedBytes: try Files.read(path))
    #expect(answer.executionMetadata.worker.hasPrefix("pipeline "))
    answer.executionMetadata.worker = "pipeline"
    try Mutations.write(try answer.serializedBytes(), to: path)
    let cache = try place.cache()
    #expect(cache.find(fingerprint, stage: "scale") == outputs && cache.failures.isEmpty)
  }
}

import Basics
import Foundation
import StageGraph
import TestSupport
import Testing

@testable import RemoteCache

@Suite("A remote cache on a server", .enabled(if: Python.isThere, "a Python program is the server"))
struct ServerBackendTests {
  private let scratch: Scratch
  private let double: CacheDouble

  init() throws {
    scratch = try Scratch()
    double = try CacheDouble(scratch["server"])
  }

  private func cache(_ url: String? = nil, environment: [String: String] = [:]) throws -> RemoteCache {
    var limits = TransferLimits()
    (limits.idleSeconds, limits.seconds) = (1, 2)
    return RemoteCache(
      try CacheAddress(url ?? double.url, environment: environment), stages: ["scale"], limits: limits)
  }

  private func outputs(_ k: Int = 0) -> [NamedOutput] { SomeResults.outputs(k) }

  private func fingerprint(_ k: Int) -> Digest { SomeResults.fingerprint(k) }

  @Test(
    "a misbehaving server is not trusted, costs one warning, and is not used after five failures",
    arguments: [
      (CacheDouble.Mode.slow, "remote-cache.slow"), (.trickling, "remote-cache.slow"),
      (.truncating, "remote-cache.cut-off"), (.hangingUp, "remote-cache.cut-off"), (.flipping, "remote-cache.wrong"),
      (.mixing, "remote-cache.wrong"), (.garbling, "remote-cache.wrong"), (.endless, "remote-cache.wrong"),
      (.refusing, "remote-cache.refused"), (.failing, "remote-cache.failing"), (.redirecting, "remote-cache.failing"),
    ])
  func trouble(mode: CacheDouble.Mode, code: String) throws {
    let cache = try cache()
    for k in 0..<8 { cache.keep(fingerprint(k), stage: "scale", outputs(k)) }
    _ = try double.requests()
    try double.set(mode)
    let begin = ContinuousClock.now
    for k in 0..<8 { #expect(cache.find(fingerprint(k), stage: "scale") == nil, "\(mode) \(k)") }
    #expect(ContinuousClock.now - begin < .seconds(20))
    let asked = try double.requests()
    // A request on a kept connection that turns out to be closed is repeated once.
    #expect((5...6).contains(asked.count { $0.hasPrefix("GET ac/") }), "\(asked)")
    #expect(!asked.contains { $0.contains("elsewhere") })
    #expect(cache.failures.map(\.code) == [code], "\(cache.failures)")
    #expect(cache.failures.allSatisfy { $0.found?.hasPrefix("5 requests, the first: ") == true })
    #expect(cache.tally.failed == 5)
  }

  @Test("a server that is slower than the work itself is no longer used, but its answers are")
  func dawdling() throws {
    var limits = TransferLimits()
    limits.actionSeconds = 0.25
    let cache = RemoteCache(try CacheAddress(double.url, environment: [:]), stages: ["scale"], limits: limits)
    cache.keep(fingerprint(0), stage: "scale", outputs())
    try double.set(.dawdling)
    for _ in 0..<5 { #expect(cache.find(fingerprint(0), stage: "scale") == outputs()) }
    #expect(cache.find(fingerprint(0), stage: "scale") == nil)
    #expect(cache.failures.map(\.code) == ["remote-cache.slow"])
    #expect(cache.tally.fetched == 5 && cache.tally.failed == 0)
  }

  @Test("an answer truncated anywhere is noticed")
  func halved() throws {
    let cache = try cache()
    cache.keep(fingerprint(0), stage: "scale", outputs())
    let answer = try Files.read("\(double.directory)/ac/\(fingerprint(0).hex)")
    for count in 0..<answer.count {
      #expect(throws: Trouble.self) {
        try SharedAnswer(Array(answer[..<count]), to: fingerprint(0), stage: "scale")
      }
    }
    #expect(try SharedAnswer(answer, to: fingerprint(0), stage: "scale").files.count == 2)
  }

  @Test(
    "a server without uploads is still read", arguments: [(CacheDouble.Mode.readOnly, "refused"), (.large, "large")])
  func readOnly(mode: CacheDouble.Mode, kind: String) throws {
    let cache = try cache()
    cache.keep(fingerprint(0), stage: "scale", outputs())
    try double.set(mode)
    for k in 1..<9 { cache.keep(fingerprint(k), stage: "scale", outputs(k)) }
    #expect(cache.find(fingerprint(0), stage: "scale") == outputs())
    #expect(cache.failures.map(\.code) == ["remote-cache.\(kind)"])
    #expect(cache.failures.first?.hint?.hasPrefix("nothing more was sent to it") == true)
    #expect(try double.names("ac").count == 1)
  }

  @Test("one failure between successes does not stop its use")
  func recovers() throws {
    let cache = try cache()
    cache.keep(fingerprint(0), stage: "scale", outputs())
    for _ in 0..<7 {
      try double.set(.failing)
      #expect(cache.find(fingerprint(0), stage: "scale") == nil)
      try double.set(.well)
      #expect(cache.find(fingerprint(0), stage: "scale") == outputs())
    }
    #expect(cache.tally.failed == 7 && cache.tally.fetched == 7)
  }

  @Test("a server that is down costs no time, in both directions")
  func down() throws {
    let cache = try cache("http://127.0.0.1:9/")
    let begin = ContinuousClock.now
    for k in 0..<100 {
      #expect(cache.find(fingerprint(k), stage: "scale") == nil)
      cache.keep(fingerprint(k), stage: "scale", outputs())
    }
    #expect(ContinuousClock.now - begin < .seconds(5))
    #expect(cache.failures.map(\.code) == ["remote-cache.unreachable"])
    #expect(cache.tally.failed == 5)
  }

  @Test("credentials come from the environment, the address or a netrc file, in this order")
  func credentials() throws {
    try double.set(.guarded)
    let netrc = scratch["netrc"]
    try Files.write("machine 127.0.0.1 login user password secret\n", to: netrc)
    let own = "http://user:secret@127.0.0.1:\(double.port)/cache"
    let wrong = "http://user:wrong@127.0.0.1:\(double.port)/cache"
    let named = [CacheServer.Variable.user: "user", CacheServer.Variable.password: "secret"]
    for (url, environment, isRight) in [
      (double.url, [:], false), (double.url, named, true), (wrong, named, true), (own, [:], true), (wrong, [:], false),
      (double.url, [CacheServer.Variable.token: "secret"], true), (own, [CacheServer.Variable.token: "wrong"], false),
      (double.url, [CacheServer.Variable.netrc: netrc], true),
    ] {
      let cache = try cache(url, environment: environment)
      cache.keep(fingerprint(1), stage: "scale", outputs())
      #expect((cache.find(fingerprint(1), stage: "scale") != nil) == isRight, "\(environment)")
      #expect(!cache.name.contains("secret") && !"\(cache.failures)".contains("secret"))
      #expect(!cache.name.contains("wrong") && !"\(cache.failures)".contains("wrong"))
    }
    #expect(throws: Failure.self) { try cache(environment: [CacheServer.Variable.user: "user"]) }
    #expect(throws: Failure.self) { try cache(environment: [CacheServer.Variable.netrc: scratch["none"]]) }
  }
}

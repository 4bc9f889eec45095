import Basics
import Shards
import Foundation
import Glibc
import TestSupport
import Testing

@testable import Embed

@Suite("The journal of an embedding run")
struct EmbeddingJournalTests {
  private let settings = Digest(of: "settings")

  private func record(_ key: String, rows: Int = 2) -> EmbeddingJournal.Record {
    EmbeddingJournal.Record(key: key, identity: "1", rows: rows, width: 3, seconds: 1.5)
  }

  private func embeddings(_ seed: Float, rows: Int = 2) -> [Float] { (0..<rows * 3).map { seed + Float($0) } }

  @Test("keeps a record until its content or the settings change")
  func kept() throws {
    let scratch = try Scratch()
    do {
      let journal = try EmbeddingJournal(scratch["j"], settings: settings)
      try journal.append(record("a"), embeddings(1))
      try journal.append(record("b", rows: 1), embeddings(9, rows: 1))
    }
    let again = try EmbeddingJournal(scratch["j"], settings: settings)
    #expect(again.record("a", identity: "1")?.rows == 2)
    #expect(again.record("a", identity: "2") == nil && again.record("c", identity: "1") == nil)
    #expect(try again.embeddings("a") == embeddings(1))
    #expect(try again.embeddings("b") == embeddings(9, rows: 1))
    #expect(failureCode { _ = try again.embeddings("c") } == "embed.journal")
    let other = try EmbeddingJournal(scratch["j"], settings: Digest(of: "other"))
    #expect(other.record("a", identity: "1") == nil)
  }

  @Test("truncated anywhere, returns the complete records before the cut and accepts new ones")
  func cut() throws {
    let scratch = try Scratch()
    var ends: [Int] = []
    do {
      let journal = try EmbeddingJournal(scratch["j"], settings: settings)
      ends.append(try Files.identity(scratch["j"]).size)
      for key in ["a", "b", "c"] {
        try journal.append(record(key), embeddings(Float(key.utf8.first ?? 0)))
        ends.append(try Files.identity(scratch["j"]).size)
      }
    }
    let whole = try Files.read(scratch["j"])
    for length in 0...whole.count {
      try Files.write(Array(whole[..<length]), to: scratch["k"])
      let journal = try EmbeddingJournal(scratch["k"], settings: settings)
      for (index, key) in ["a", "b", "c"].enumerated() {
        let isThere = length >= ends[index + 1]
        #expect((journal.record(key, identity: "1") != nil) == isThere, "\(key), cut at \(length)")
        if isThere { #expect(try journal.embeddings(key) == embeddings(Float(key.utf8.first ?? 0))) }
      }
      if length % 40 == 0 {
        try journal.append(record("d"), embeddings(4))
        #expect(try EmbeddingJournal(scratch["k"], settings: settings).embeddings("d") == embeddings(4))
      }
    }
  }

  @Test("a changed byte loses its record and the following ones")
  func damaged() throws {
    let scratch = try Scratch()
    let first: Int
    do {
      let journal = try EmbeddingJournal(scratch["j"], settings: settings)
      try journal.append(record("a"), embeddings(1))
      first = try Files.identity(scratch["j"]).size
      try journal.append(record("b"), embeddings(2))
    }
    let whole = try Files.read(scratch["j"])
    for place in first..<whole.count {
      var bytes = whole
      bytes[place] ^= 0x10
      try Files.write(bytes, to: scratch["k"])
      let journal = try EmbeddingJournal(scratch["k"], settings: settings)
      #expect(journal.record("a", identity: "1") != nil)
      #expect(journal.record("b", identity: "1") == nil, "byte \(place)")
    }
  }

  /// What a resumed run finds: all audio clips, or the first ones, each with the embeddings that were written.
  private func found(_ directory: String, of keys: [String], expected: [Float]) -> String {
    do {
      let journal = try EmbeddingJournal("\(directory)/j", settings: settings)
      let there = keys.map { journal.record($0, identity: "1") != nil }
      guard there == there.sorted(by: { $0 && !$1 }) else { return "a hole: \(there)" }
      for (k, key) in keys.enumerated() where there[k] {
        guard try journal.embeddings(key) == embeddings(expected[k]) else { return "other vectors of \(key)" }
      }
      return there.allSatisfy(\.self) ? "all" : "some"
    } catch { return "\(error)" }
  }

  @Test("whichever operation fails, earlier records stay, and the rest can be added", arguments: [0, 1])
  func faults(there: Int) throws {
    let (keys, numbers) = (["a", "b", "c"], [1, 5, 9] as [Float])
    func write(_ directory: String, _ count: Int) throws {
      let journal = try EmbeddingJournal("\(directory)/j", settings: settings)
      for k in 0..<count where journal.record(keys[k], identity: "1") == nil {
        try journal.append(record(keys[k]), embeddings(numbers[k]))
      }
    }
    let outcome = try FaultWalk(
      before: { if there > 0 { try write($0, there) } }, work: { try write($0, 3) },
      state: { found($0, of: keys, expected: numbers) }
    ).run()
    #expect(outcome.problems == [])
    // Open, truncate, three writes for each audio clip; a new journal also gets its opening line.
    #expect(outcome.operations == (there == 0 ? 12 : 8))
  }

  @Test("a record that could not be written is overwritten by the next one, in the same run")
  func goesOn() throws {
    for n in 3...5 {
      let scratch = try Scratch()
      let disk = FaultyFileSystem(below: scratch.path, .fromThenOn(n + 1, ENOSPC))
      let journal = try disk.inUse {
        let journal = try EmbeddingJournal(scratch["j"], settings: settings)
        #expect(throws: Failure.self) { try journal.append(record("lost", rows: 40), embeddings(3, rows: 40)) }
        return journal
      }
      try journal.append(record("b"), embeddings(5))
      #expect(try journal.embeddings("b") == embeddings(5))
      let again = try EmbeddingJournal(scratch["j"], settings: settings)
      #expect(again.record("lost", identity: "1") == nil)
      #expect(try again.embeddings("b") == embeddings(5))
    }
  }

  @Test("whichever operation fails while the embeddings are written, the old or the new file is there")
  func outputFaults() throws {
    func table(_ keys: [String]) -> EmbeddingSet {
      EmbeddingSet(
        keys.map { .init(key: $0, rows: 1, seconds: 2) }, width: 3, metadata: { ["space": "clip"] },
        values: { self.embeddings(Float($0.utf8.first ?? 0), rows: 1) })
    }
    for output in EmbeddingFormats.writable {
      let name = "v.\(output.extensions[0])"
      let outcome = try FaultWalk(
        before: { try output.write(table(["a", "b"]), to: "\($0)/\(name)") },
        work: { try output.write(table(["a", "b", "c"]), to: "\($0)/\(name)") },
        state: { "\(try Digest.ofFile("\($0)/\(name)").short)" }
      ).run()
      #expect(outcome.problems == [], "\(name)")
      #expect(outcome.operations >= 6, "\(name)")
    }
  }

  @Test("an audio clip with more embeddings than a record can hold is refused, not truncated")
  func large() {
    #expect(failureCode { try EmbeddingJournal.check(values: 1 << 30, of: "a.wav") } == "embed.large")
    #expect(failureCode { try EmbeddingJournal.check(values: (1 << 30) - 1, of: "a.wav") } == nil)
  }

  private func failureCode(_ body: () throws -> Void) -> String? {
    do { try body() } catch { return (error as? Failure)?.code ?? "\(error)" }
    return nil
  }
}

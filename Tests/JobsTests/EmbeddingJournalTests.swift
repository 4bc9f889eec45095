import Basics
import Foundation
import TestSupport
import Testing

@testable import Embed

@Suite("The journal of an embedding run")
struct EmbeddingJournalTests {
  private let settings = Digest(of: "settings")

  private func record(_ key: String, rows: Int = 2) -> EmbeddingJournal.Record {
    EmbeddingJournal.Record(key: key, identity: "1", rows: rows, width: 3, seconds: 1.5)
  }

  private func vectors(_ seed: Float, rows: Int = 2) -> [Float] { (0..<rows * 3).map { seed + Float($0) } }

  @Test("keeps what was written, until its content or its settings are others")
  func kept() throws {
    let scratch = try Scratch()
    do {
      let journal = try EmbeddingJournal(scratch["j"], settings: settings)
      try journal.append(record("a"), vectors(1))
      try journal.append(record("b", rows: 1), vectors(9, rows: 1))
    }
    let again = try EmbeddingJournal(scratch["j"], settings: settings)
    #expect(again.record("a", identity: "1")?.rows == 2)
    #expect(again.record("a", identity: "2") == nil && again.record("c", identity: "1") == nil)
    #expect(try again.vectors("a") == vectors(1))
    #expect(try again.vectors("b") == vectors(9, rows: 1))
    #expect(failureCode { _ = try again.vectors("c") } == "embed.journal")
    let other = try EmbeddingJournal(scratch["j"], settings: Digest(of: "other"))
    #expect(other.record("a", identity: "1") == nil)
  }

  @Test("cut off anywhere, gives what was whole before the cut, and takes more")
  func cut() throws {
    let scratch = try Scratch()
    var ends: [Int] = []
    do {
      let journal = try EmbeddingJournal(scratch["j"], settings: settings)
      ends.append(try Files.identity(scratch["j"]).size)
      for key in ["a", "b", "c"] {
        try journal.append(record(key), vectors(Float(key.utf8.first ?? 0)))
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
        if isThere { #expect(try journal.vectors(key) == vectors(Float(key.utf8.first ?? 0))) }
      }
      if length % 40 == 0 {
        try journal.append(record("d"), vectors(4))
        #expect(try EmbeddingJournal(scratch["k"], settings: settings).vectors("d") == vectors(4))
      }
    }
  }

  @Test("a changed byte costs the record that it is in and what follows")
  func damaged() throws {
    let scratch = try Scratch()
    let first: Int
    do {
      let journal = try EmbeddingJournal(scratch["j"], settings: settings)
      try journal.append(record("a"), vectors(1))
      first = try Files.identity(scratch["j"]).size
      try journal.append(record("b"), vectors(2))
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

  @Test("a sound with more vectors than a record holds is refused, not cut")
  func large() {
    #expect(failureCode { try EmbeddingJournal.check(values: 1 << 30, of: "a.wav") } == "embed.large")
    #expect(failureCode { try EmbeddingJournal.check(values: (1 << 30) - 1, of: "a.wav") } == nil)
  }

  private func failureCode(_ body: () throws -> Void) -> String? {
    do { try body() } catch { return (error as? Failure)?.code ?? "\(error)" }
    return nil
  }
}

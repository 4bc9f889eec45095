import Basics
import Corpus
import Testing

@testable import Prepare

/// The cached form of a verdict.
@Suite struct CachedVerdictTests {
  static let input = Digest(of: "all that decides it")
  static let memos = [
    CachedVerdict(input: input, state: .kept, split: .validation, hasJoined: true, pair: Digest(of: "pair")),
    CachedVerdict(input: input, state: .kept, split: .train, pair: Digest(of: "pair")),
    CachedVerdict(
      input: input, state: .leftOut, reason: .clipShort,
      findings: [Finding(.clipShort, "sound to 3.0 s of 10 s"), Finding(.mediaErrors, "größer 🎬")]),
    CachedVerdict(
      input: input, state: .warned, findings: [Finding(.videoStill, "")], split: .test, pair: Digest(of: "x")),
  ]

  @Test("is read back unchanged, and only for the same inputs", arguments: memos.indices)
  func back(k: Int) {
    let memo = Self.memos[k]
    #expect(memo.bytes.withUnsafeBytes { CachedVerdict($0, input: Self.input) } == memo)
    #expect(memo.bytes.withUnsafeBytes { CachedVerdict($0, input: Digest(of: "something else")) } == nil)
  }

  @Test("damaged bytes give no verdict or another one, and never crash the program", arguments: memos.indices)
  func damage(k: Int) {
    let bytes = Self.memos[k].bytes
    for count in 0..<bytes.count {
      #expect(bytes[..<count].withUnsafeBytes { CachedVerdict($0, input: Self.input) } == nil)
    }
    #expect((bytes + [0]).withUnsafeBytes { CachedVerdict($0, input: Self.input) } == nil)
    var random = SeededRandom(seed: 3)
    for _ in 0..<5000 {
      var other = bytes
      other[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
      _ = other.withUnsafeBytes { CachedVerdict($0, input: Self.input) }
    }
  }
}

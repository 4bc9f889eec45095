import Basics
import Foundation
import Testing

@Suite("Seeded randomness")
struct SeededRandomTests {
  @Test("is SplitMix64, by the values of its authors")
  func values() {
    var zero = SeededRandom(seed: 0)
    #expect((0..<3).map { _ in zero.next() } == [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4, 0x06C4_5D18_8009_454F])
    var other = SeededRandom(seed: 1_234_567)
    #expect(
      (0..<5).map { _ in other.next() } == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423, 4_593_380_528_125_082_431,
        16_408_922_859_458_223_821,
      ])
  }

  /// Values of the same arithmetic in Python. Training and splits depend on them.
  @Test("never changes its values: for a purpose, uniform, normal and a shuffled list")
  func frozen() {
    var dropout = SeededRandom(seed: 1, for: "dropout", 3, 7)
    #expect((0..<2).map { _ in dropout.next() } == [13_495_409_636_306_235_895, 9_193_944_101_019_194_164])
    var uniform = SeededRandom(seed: 0)
    #expect(uniform.uniform() == 0.8833108082136426)
    var normal = SeededRandom(seed: 5)
    for expected in [0.014334745996352224, 0.5906209568869251, -0.4720898558893115] {
      #expect(abs(normal.normal() - expected) < 1e-15)
    }
    var (random, list) = (SeededRandom(seed: 9), Array(0..<10))
    random.shuffle(&list)
    #expect(list == [8, 4, 3, 7, 0, 1, 5, 2, 9, 6])
    var (none, one) = ([Int](), [1])
    random.shuffle(&none)
    random.shuffle(&one)
    #expect(none == [] && one == [1])
  }

  @Test("streams differ by purpose, number and seed; normals have the right mean and deviation")
  func streams() {
    var seen: Set<UInt64> = []
    for seed in 0..<20 {
      for purpose in ["dropout", "order", "init"] {
        for step in 0..<20 {
          var random = SeededRandom(seed: UInt64(seed), for: purpose, UInt64(step))
          seen.insert(random.next())
        }
      }
    }
    #expect(seen.count == 20 * 3 * 20)
    var random = SeededRandom(seed: 3)
    let draws = (0..<40_000).map { _ in random.normal() }
    let mean = draws.reduce(0, +) / 40_000
    let variance = draws.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 40_000
    #expect(abs(mean) < 0.02 && abs(variance - 1) < 0.03 && draws.contains { abs($0) > 3.5 })
  }
}

@Suite("The nearest word")
struct NearestTests {
  @Test(
    "is the one with the fewest edits, if it is near enough",
    arguments: [
      ("emded", "embed"), ("prepair", "prepare"), ("distil", "distill"), ("reprot", "report"), ("embed", "embed"),
    ])
  func found(text: String, meant: String) {
    #expect(nearest(text, in: ["prepare", "distill", "export", "embed", "evaluate", "report"]) == meant)
  }

  @Test("is nil if nothing is near; of equally near words it is the first in order")
  func none() {
    #expect(nearest("zzzzzzzz", in: ["prepare", "embed"]) == nil && nearest("x", in: [String]()) == nil)
    #expect(nearest("cat", in: ["hat", "bat"]) == "bat" && nearest("", in: ["ab", "abc"]) == "ab")
  }
}

@Suite("JSON with the same bytes for the same value")
struct CanonicalJSONTests {
  private struct Value: Codable, Equatable {
    var b: Double
    var a: [String: Int?]
    var c = "a/b \"é\u{1F3AC}\n"
    var absent: Int?
  }

  @Test("has sorted keys, no white space, and numbers that are read back exactly")
  func text() throws {
    let value = Value(b: 0.1, a: ["z": 1, "y": nil, "é": 2, "Z": 3])
    let text = try CanonicalJSON.text(value)
    #expect(text.hasPrefix(#"{"a":{"Z":3,"y":null,"z":1,"é":2},"b":0.1,"c":"a/b \"é🎬\n"}"#), "\(text)")
    #expect(try CanonicalJSON.decode(Value.self, from: Array(text.utf8), source: "t") == value)
    for number in [0.1, 1e-300, .leastNonzeroMagnitude, .pi, 1e22, -0.0, 1 / 3, 0x1p53 + 2] as [Double] {
      let bytes = try CanonicalJSON.bytes([number])
      #expect(
        try CanonicalJSON.decode([Double].self, from: bytes, source: "t").map(\.bitPattern) == [number.bitPattern])
    }
    #expect(try CanonicalJSON.text([Int64.min, .max]) == "[-9223372036854775808,9223372036854775807]")
    #expect(throws: (any Error).self) { try CanonicalJSON.bytes([Double.nan]) }
  }

  @Test(
    "that is invalid is reported with its source and the place",
    arguments: [
      (#"{"a":{}}"#, "no key \"b\""), (#"{"a":{},"b":"x","c":""}"#, "b: "), ("{", ""), ("", ""), ("[1]", ""),
    ])
  func refused(text: String, found: String) {
    let failure = #expect(throws: Failure.self) {
      try CanonicalJSON.decode(Value.self, from: Array(text.utf8), source: "some file")
    }
    #expect(failure?.code == "json.invalid" && failure?.subject == "some file")
    #expect(failure?.found?.hasPrefix(found) == true, "\(failure?.found ?? "")")
  }
}

@Suite("Failures, and how the process ends")
struct FailureTests {
  @Test("a failure has a message, subject, found and expected values and a hint, in one or two lines")
  func sentence() {
    #expect(Failure("a.b", "it fails").description == "it fails")
    let whole = Failure("a.b", "it fails", on: "f", found: "1", expected: "2", hint: "try again")
    #expect(whole.description == "it fails: f (found 1, expected 2)\n  hint: try again")
    #expect(whole.exit.rawValue == 1)
  }

  @Test("an interruption exits with 130, and none is requested here")
  func interruption() {
    #expect(Interruption.failure.exit.rawValue == 130 && Interruption.failure.code == "interrupted")
    #expect(!Interruption.isRequested)
  }

  @Test("byte order is that of UTF-8, not of characters")
  func byteOrder() {
    let sorted = ["", "B", "a", "a\u{0}", "aa", "e\u{301}", "é", "🎬"]
    #expect(sorted.shuffled().sorted(by: precedesInBytes) == sorted)
    // Equal in Swift, but two names in a file system.
    #expect("e\u{301}" == "é" && precedesInBytes("e\u{301}", "é") && !precedesInBytes("é", "e\u{301}"))
    #expect(!precedesInBytes("a", "a"))
  }

  @Test("counts have their word in the plural, sizes the unit that suits them")
  func words() {
    #expect([0, 1, 2].map { counted($0, "clip") } == ["0 clips", "1 clip", "2 clips"])
    #expect([1023, 1 << 10, 1 << 20, 5 << 29].map(byteText) == ["1023 bytes", "1.0 KiB", "1.0 MiB", "2.5 GiB"])
  }

  @Test("a command is quoted where a shell would read it differently")
  func quoting() {
    let words = ["pipeline", "a b", "", "it's", "x=1/2.npy"]
    #expect(ShellCommand.text(words) == #"pipeline 'a b' '' 'it'\''s' x=1/2.npy"#)
  }

  @Test("numbers have commas between thousands")
  func thousands() {
    #expect([0, 999, 1000, 50_000, -1_234_567].map(grouped) == ["0", "999", "1,000", "50,000", "-1,234,567"])
  }
}

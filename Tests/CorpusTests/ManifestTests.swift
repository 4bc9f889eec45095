import Basics
import Corpus
import TestSupport
import Testing

@Suite("Comma-separated text, by RFC 4180")
struct CommaSeparatedTests {
  @Test(
    "is taken apart into records and fields",
    arguments: [
      ("", []), ("\n", [[""]]), ("a", [["a"]]), ("a\n", [["a"]]), ("a\r\nb\r\n", [["a"], ["b"]]),
      ("a,b,c", [["a", "b", "c"]]), ("a,,c\n,", [["a", "", "c"], ["", ""]]), (",\n", [["", ""]]),
      ("\"a,b\",c", [["a,b", "c"]]), ("\"a \"\"b\"\"\",c", [["a \"b\"", "c"]]), ("\"\"", []),
      ("\"two\nlines\",x\ny", [["two\nlines", "x"], ["y"]]), ("\"a\r\nb\"", [["a\r\nb"]]),
      ("\"not closed,\n", [["not closed,\n"]]), ("é,🎬", [["é", "🎬"]]), (" a , b ", [[" a ", " b "]]),
    ] as [(String, [[String]])])
  func records(text: String, expected: [[String]]) { #expect(CommaSeparated.records(text) == expected) }

  @Test("whatever stands in quoted fields comes back")
  func roundTrip() {
    var random = SeededRandom(seed: 4, for: "csv")
    let letters = Array("ab,\"\n\r é🎬")
    for _ in 0..<200 {
      let records = (0..<1 + random.next() % 4).map { _ in
        (0..<1 + random.next() % 4).map { _ in
          String((0..<random.next() % 6).map { _ in letters[Int(random.next() % UInt64(letters.count))] })
        }
      }
      let text = records.map { fields in
        fields.map { "\"\($0.replacing("\"", with: "\"\""))\"" }.joined(separator: ",") + "\n"
      }.joined()
      #expect(CommaSeparated.records(text) == records, "\(text.debugDescription)")
    }
  }
}

@Suite("Manifests")
struct ManifestTests {
  private func manifest(_ text: String, _ ending: String = "csv") throws -> Manifest {
    let scratch = try Scratch()
    try Files.write(text, to: scratch["m.\(ending)"])
    return try Manifest(path: scratch["m.\(ending)"])
  }

  @Test("a row of VGGSound's kind, a file name of its test list, and JSON lines name the same clip")
  func dialects() throws {
    for (text, ending) in [
      ("abc,30,\"dog, barking\",train\n", "csv"),
      ("\u{FEFF}id,start,label,split\r\nabc,30,\"dog, barking\",train\r\n", "csv"),
      (#"{"id":"abc","start":30,"label":"dog, barking","split":"training"}"# + "\r\n \n", "jsonl"),
    ] {
      let read = try manifest(text, ending)
      #expect(read.rows.map(\.clip) == ["abc_000030"] && read.hasSplits, "\(text)")
      #expect(read.rows[0].label == "dog, barking" && read.rows[0].split == .train && read.rows[0].startSeconds == 30)
      #expect(read.rows[0].video == "abc")
    }
    let listed = try manifest("a_b_000030.mp4,dog\nx,0,\n")
    #expect(listed.rows.map(\.clip) == ["a_b_000030", "x_000000"] && listed.rows.map(\.label) == ["dog", nil])
    #expect(!listed.hasSplits)
  }

  @Test(
    "a row that cannot be used is told with its line",
    arguments: [
      ("a,1,x,train\nb,c,x,train\n", "line 2"), ("a,1000000,x\n", "line 1"), ("a,-1,x\n", "line 1"),
      ("a,1,x,later\n", "line 1"), (",1,x\n", "line 1"), ("a,1,x\na,1,y\n", "line 2"),
      ("a,99999999999999999999,x\n", "line 1"),
    ])
  func refused(text: String, line: String) {
    let failure = #expect(throws: Failure.self) { try manifest(text) }
    #expect(failure?.code == "manifest.row" && failure?.subject?.hasSuffix(line) == true, "\(failure as Any)")
  }

  @Test("the same row twice counts once; text that is not UTF-8 is refused")
  func twice() throws {
    #expect(try manifest("a,1,x,train\na,1,x,train\nb,1,x,train\n").rows.map(\.line) == [1, 3])
    let scratch = try Scratch()
    try Files.write([0x61, 0xFF, 0x0A], to: scratch["m.csv"])
    #expect(#expect(throws: Failure.self) { try Manifest(path: scratch["m.csv"]) }?.code == "manifest.encoding")
  }
}

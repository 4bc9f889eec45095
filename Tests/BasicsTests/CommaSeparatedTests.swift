import Basics
import Testing

@Suite("Comma-separated text, by RFC 4180")
struct CommaSeparatedTests {
  private func fields(_ text: String) throws -> [[String]] {
    try CommaSeparated.records(Array(text.utf8), source: "t.csv").map(\.fields)
  }

  @Test(
    "is split into records and fields",
    arguments: [
      ("", []), ("\n", [[""]]), ("a", [["a"]]), ("a\n", [["a"]]), ("a\r\nb\r\n", [["a"], ["b"]]),
      ("a\rb", [["a"], ["b"]]), ("a,b,c", [["a", "b", "c"]]), ("a,,c\n,", [["a", "", "c"], ["", ""]]),
      (",\n", [["", ""]]), ("\"a,b\",c", [["a,b", "c"]]), ("\"a \"\"b\"\"\",c", [["a \"b\"", "c"]]),
      ("\"\"", [[""]]), ("\"two\nlines\",x\ny", [["two\nlines", "x"], ["y"]]), ("\"a\r\nb\"", [["a\r\nb"]]),
      ("é,🎬", [["é", "🎬"]]), (" a , b ", [[" a ", " b "]]),
    ] as [(String, [[String]])])
  func records(text: String, expected: [[String]]) throws { #expect(try fields(text) == expected) }

  @Test("blanks around quoted fields, quotes inside other fields and a byte order mark are accepted")
  func leniences() throws {
    #expect(try fields("x, 30.000, \"/m/09x0r,/t/dd00\"\n") == [["x", " 30.000", "/m/09x0r,/t/dd00"]])
    #expect(try fields("a,12\" record,b\n7\" single") == [["a", "12\" record", "b"], ["7\" single"]])
    #expect(try fields("\u{FEFF}\"a\" ,b") == [["a", "b"]])
  }

  @Test("an unclosed quote, text after a closing quote and bytes that are not UTF-8 are errors with a line number")
  func refused() throws {
    for (text, line) in [("a\n\"b,\nc\n", 2), ("\"a\"b\n", 1), ("\"x\ny\"\r\"z\" z", 3)] {
      let failure = #expect(throws: Failure.self) { try fields(text) }
      #expect(failure?.code == "csv.quote" && failure?.subject == "t.csv, line \(line)", "\(text.debugDescription)")
    }
    let failure = #expect(throws: Failure.self) { try CommaSeparated.records([0x61, 0xFF], source: "t.csv") }
    #expect(failure?.code == "csv.encoding")
  }

  @Test("each record knows its line, whatever the line ends and quoted text")
  func lines() throws {
    let text = "a\r\n\"b\nb\r\nb\rb\"\n\nc\rd"
    #expect(try CommaSeparated.records(Array(text.utf8), source: "").map(\.line) == [1, 2, 6, 7, 8])
  }

  @Test("any text in quoted fields is read back")
  func roundTrip() throws {
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
      #expect(try fields(text) == records, "\(text.debugDescription)")
    }
  }

  @Test("any bytes give records or a failure")
  func mutated() {
    var random = SeededRandom(seed: 9, for: "csv bytes")
    for _ in 0..<3000 {
      let bytes = (0..<random.next() % 40).map { _ in
        [0x22, 0x2C, 0x0A, 0x0D, 0x20, 0x61, 0xC3][Int(random.next() % 7)] as UInt8
      }
      do { _ = try CommaSeparated.records(bytes, source: "") } catch { #expect(error is Failure) }
    }
  }

  @Test("any written fields are read back unchanged")
  func written() throws {
    let records: [[String?]] = [
      ["plain", "two words", "a,b"], ["a \"quote\"", "two\nlines", "\r"], [nil, "", "é 🎬"], [" lead", "trail ", "\""],
      ["short"], ["one", "two", "three", "beyond the heading"],
    ]
    var text = CommaSeparatedText(columns: ["x", "y", "z"])
    for record in records { text.add(record) }
    let expected =
      [["x", "y", "z"]] + records.map { record in (0..<3).map { $0 < record.count ? record[$0] ?? "" : "" } }
    #expect(try CommaSeparated.records(text.bytes, source: "t.csv").map(\.fields) == expected)
    #expect(String(decoding: text.bytes, as: UTF8.self).hasPrefix("x,y,z\nplain,\"two words\",\"a,b\"\n"))
  }
}

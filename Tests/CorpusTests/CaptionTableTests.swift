import Basics
import Corpus
import Foundation
import TestSupport
import Testing

@Suite("Captions by clip")
struct CaptionTableTests {
  private func table(_ text: String, _ ending: String = "csv") throws -> CaptionTable {
    let scratch = try Scratch()
    try Files.write(text, to: scratch["c.\(ending)"])
    return try CaptionTable(path: scratch["c.\(ending)"])
  }

  @Test("AudioCaps' table, one row per caption: clips are named as in VGGSound, equal sentences both stay")
  func audioCaps() throws {
    let read = try table(
      "audiocap_id,youtube_id,start_time,caption\r\n1,-abc,30,A dog barks\r\n2,x_y,0,Rain\r\n"
        + "3,-abc,30,\"A dog, barking\"\r\n4,-abc,30,A dog barks\r\n4,-abc,30,A dog barks\r\n")
    #expect(read.rows.map(\.id) == ["-abc_000030", "x_y_000000"])
    #expect(read.captions(of: "-abc_000030") == ["A dog barks", "A dog, barking", "A dog barks"])
    // Names that other tools give to the clip's file.
    #expect(read.row("abc_000030") == read.rows[0] && read.row("-abc_30000_40000") == read.rows[0])
    #expect(read.row("x_y") == nil && read.captions(of: "x_y").isEmpty)
  }

  @Test("Clotho's table: file names without extension, columns in numeric order, blank captions skipped")
  func clotho() throws {
    let read = try table(
      "file_name,caption_2,caption_1,caption_10\nRain on roof. Loud.wav,second,\"first, \"\"so\"\"\",tenth\nb.wav, ,,\n"
    )
    #expect(read.rows.map(\.id) == ["Rain on roof. Loud", "b"])
    #expect(read.rows.map(\.captions) == [["first, \"so\"", "second", "tenth"], []])
  }

  @Test("sentences as `pipeline caption` writes them, and splits of a manifest")
  func others() throws {
    let lines = try table(
      #"{"id":"a","caption":"one","score":-0.5,"tokens":["one"]}"# + "\n" + #"{"id":"b","caption":""}"# + "\n", "jsonl")
    #expect(lines.rows.map(\.captions) == [["one"], []])
    let splits = try table("id,split,caption_1,caption_2\na,train,x,y\nb,test,z,\n")
    #expect(splits.rows.map(\.split) == [.train, .test] && splits.rows[1].captions == ["z"])
  }

  @Test("what cannot be read is refused with its code; ten thousand words are read")
  func refused() throws {
    let cases: [(String, String)] = [
      ("id,start\na,1\n", "captions.none"), ("", "captions.none"),
      ("id,caption\na,\"open\n", "csv.quote"), ("id,caption\na,x,y\n", "manifest.row"),
      ("id,caption\na,\(String(repeating: "x", count: 1 << 18))\n", "manifest.row"),
    ]
    for (text, code) in cases {
      let failure = #expect(throws: Failure.self) { try table(text) }
      #expect(failure?.code == code, "\(text.prefix(40))")
    }
    let scratch = try Scratch()
    try Files.write(Array("id,caption\na,".utf8) + [0xFF, 0x0A], to: scratch["latin.csv"])
    let encoding = #expect(throws: Failure.self) { try CaptionTable(path: scratch["latin.csv"]) }
    #expect(encoding?.code == "csv.encoding")
    let long = String(repeating: "word ", count: 10_000)
    #expect(try table("id,caption\na,\(long)\n").rows[0].captions[0].utf8.count > 49_000)
  }

  @Test("tables with changed, cut or repeated bytes are read or refused, never anything else")
  func mutated() throws {
    let scratch = try Scratch()
    let audio = Array("file_name,caption_1,caption_2\na.wav,\"A dog, barking\",Rain\nb.wav,<b>bold</b>,\n".utf8)
    let problems = Mutations.problems(of: audio, "caption table", trials: 400) { bytes in
      try Mutations.write(bytes, to: scratch["m.csv"])
      for row in try CaptionTable(path: scratch["m.csv"]).rows { #expect(!row.captions.contains("")) }
    }
    #expect(problems == [])
  }
}

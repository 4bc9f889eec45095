import Basics
import Corpus
import TestSupport
import Testing

@Suite("Manifests")
struct ManifestTests {
  @Test("AudioSet's and AudioCaps' own header rows, columns in any order, captions kept, fractional starts")
  func published() throws {
    let audioSet = try manifest(
      """
      # Segments csv created Sun Mar  5 10:54:31 2017
      # num_ytids=2, num_segs=2, num_unique_labels=3, num_positive_labels=4
      # YTID, start_seconds, end_seconds, positive_labels
      --4gqARaEJE, 0.000, 10.000, "/m/068hy,/m/07q6cd_,/m/0bt9lr,/m/0jbk"
      -5QrBL6MzLg, 60.500, 70.500, "/m/09x0r"

      """)
    #expect(audioSet.rows.map(\.clip) == ["--4gqARaEJE_000000", "-5QrBL6MzLg_60500_70500"])
    #expect(audioSet.rows.map(\.label) == ["/m/068hy,/m/07q6cd_,/m/0bt9lr,/m/0jbk", "/m/09x0r"])
    #expect(audioSet.rows.map(\.startMilliseconds) == [0, 60_500])
    let audioCaps = try manifest(
      "audiocap_id,youtube_id,start_time,caption\n1,abc,30,A dog barks\n2,abc,30,\"A dog, barking\"\n3,d,0,Rain\n")
    #expect(audioCaps.rows.map(\.clip) == ["abc_000030", "d_000000"])
    #expect(audioCaps.rows.map(\.captions) == [["A dog barks", "A dog, barking"], ["Rain"]])
    let mixed = try manifest("split,extra,label,start,id\ntest,?,12\" record,30.0,a\n")
    #expect(
      mixed.rows.map(\.clip) == ["a_000030"] && mixed.rows[0].label == "12\" record" && mixed.rows[0].split == .test)
    let json = try manifest(#"{"id":"a","start":20.5,"caption":"one","captions":["two"]}"#, "jsonl")
    #expect(json.rows[0].clip == "a_20500_30500" && json.rows[0].captions == ["one", "two"])
  }

  @Test("a row with another number of fields than the header, a second header and parquet are refused")
  func badTables() throws {
    for text in ["id,start\na,1,x\n", "id,start\na,1\n#id,start\n", "id,start\na,\"1\n"] {
      #expect(throws: Failure.self) { try manifest(text) }
    }
    let parquet = #expect(throws: Failure.self) { try manifest("PAR1....", "parquet") }
    #expect(parquet?.code == "manifest.format" && parquet?.hint?.contains("to_json") == true)
  }

  private func manifest(_ text: String, _ ending: String = "csv") throws -> Manifest {
    let scratch = try Scratch()
    try Files.write(text, to: scratch["m.\(ending)"])
    return try Manifest(path: scratch["m.\(ending)"])
  }

  @Test("a VGGSound row, a file name of its test list, and JSON lines name the same clip")
  func dialects() throws {
    for (text, ending) in [
      ("abc,30,\"dog, barking\",train\n", "csv"),
      ("\u{FEFF}id,start,label,split\r\nabc,30,\"dog, barking\",train\r\n", "csv"),
      (#"{"id":"abc","start":30,"label":"dog, barking","split":"training"}"# + "\r\n \n", "jsonl"),
    ] {
      let read = try manifest(text, ending)
      #expect(read.rows.map(\.clip) == ["abc_000030"] && read.hasSplits, "\(text)")
      #expect(
        read.rows[0].label == "dog, barking" && read.rows[0].split == .train && read.rows[0].startMilliseconds == 30_000
      )
      #expect(read.rows[0].video == "abc")
    }
    let listed = try manifest("a_b_000030.mp4,dog\nx,0,\n")
    #expect(listed.rows.map(\.clip) == ["a_b_000030", "x_000000"] && listed.rows.map(\.label) == ["dog", nil])
    #expect(!listed.hasSplits)
  }

  @Test(
    "an invalid row is reported with its line",
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
    #expect(#expect(throws: Failure.self) { try Manifest(path: scratch["m.csv"]) }?.code == "csv.encoding")
  }
}

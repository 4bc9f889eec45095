import Basics
import Corpus
import Foundation
import Testing

/// The lists in Manifests match their README.
@Suite struct ManifestSamplesTests {
  private static let directory = Files.parent(Files.parent(Files.parent(#filePath))) + "/Manifests"

  private func manifest(_ name: String) throws -> Manifest { try Manifest(path: "\(Self.directory)/\(name)") }

  @Test("each dialect lists the same four clips")
  func dialects() throws {
    let names = try Files.names(in: "\(Self.directory)/dialects")
    #expect(names == ["clips.jsonl", "file-names.csv", "four-columns.csv", "heading.csv"])
    for name in names {
      let rows = try manifest("dialects/\(name)").rows
      #expect(
        rows.map(\.clip) == [
          "--Xq3vK8mJ0_000030", "aB_9dEfGh1-_000000", "aB_9dEfGh1-_000120", "Zy8-wVuT5sR_000210",
        ], "\(name)")
      #expect(rows.map(\.video) == ["--Xq3vK8mJ0", "aB_9dEfGh1-", "aB_9dEfGh1-", "Zy8-wVuT5sR"], "\(name)")
      #expect(rows.map(\.startMilliseconds) == [30_000, 0, 120_000, 210_000], "\(name)")
      #expect(
        rows.map(\.label) == ["rain, on a tent", "dog barking", "dog barking", "church bell ringing"], "\(name)")
      let splits: [Split?] = name == "file-names.csv" ? [nil, nil, nil, nil] : [.train, .train, .test, .test]
      #expect(rows.map(\.split) == splits, "\(name)")
    }
  }

  @Test("the smoke test's clips are the first of the demo's")
  func demo() throws {
    func clips(_ name: String, _ split: Split) throws -> [String] {
      try manifest(name).rows.filter { $0.split == split }.map(\.clip)
    }
    for (split, all, some) in [(Split.train, 160, 12), (.validation, 20, 0), (.test, 40, 4)] {
      let demo = try clips("demo.csv", split)
      #expect(demo.count == all)
      #expect(try clips("smoke.csv", split) == Array(demo.prefix(some)))
    }
  }

  @Test("the README names each list")
  func readme() throws {
    let text = String(decoding: try Files.read("\(Self.directory)/README.md", limit: 1 << 20), as: UTF8.self)
    for name in try Files.names(in: Self.directory) + Files.names(in: "\(Self.directory)/dialects")
    where name.hasSuffix(".csv") || name.hasSuffix(".jsonl") {
      #expect(text.contains("`\(name)`"), "\(name)")
    }
  }
}

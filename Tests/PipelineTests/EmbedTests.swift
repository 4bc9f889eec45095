import Audio
import Basics
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Embed
@testable import Wav2CLIP

@Suite("pipeline embed", .serialized, .enabled(if: Clips.ffmpegIsThere, "ffmpeg makes the sounds"))
struct EmbedTests {
  /// A directory with four audio clips, a text file, and random weights.
  private func audioClips() throws -> Tool {
    let tool = try Tool()
    try RandomStudent.write(to: tool.path("w.bin"))
    try Files.makeDirectory(tool.path("sounds/deep"))
    for (index, name) in ["a.wav", "deep/b.flac", "c.mp3", "d.mp4"].enumerated() {
      try Clips.tone(tool.path("sounds/\(name)"), pitch: 300 + 90 * index, seconds: 2.5 + Double(index))
    }
    // Long enough that each library looks at all of its formats.
    try Files.write("{\"id\": \"abcdefghijk\", \"title\": \"no sound\"}\n", to: tool.path("sounds/notes.wav"))
    return tool
  }

  @Test("every output format holds the same embeddings; a bad file gets one line and sets the exit status")
  func outputs() throws {
    let tool = try audioClips()
    defer { tool.remove() }
    let first = try tool.run("embed", "sounds", "--weights", "w.bin", "--out", "v.npy", "--jobs", "1", "--threads", "1")
    #expect(first.status == 3, "\(first.problems)")
    #expect(first.output.contains("left out  notes.wav  media.unreadable"), "\(first.output)")
    #expect(first.output.contains("v.npy: 4 clips, 512 wide"))
    let expected = try tool.embeddings("v")
    #expect(Set(expected.keys) == ["a", "b", "c", "d"])
    for out in ["v.npz", "v.safetensors", "v.tar", "v.jsonl", "u.npy"] {
      let outcome = try tool.run(
        "embed", "sounds", "--weights", "w.bin", "--out", out, "--jobs", "3", "--threads", "2", "--max-bad-fraction",
        "1")
      #expect(outcome.status == 0, "\(out): \(outcome.problems)")
    }
    #expect(try Digest.ofFile(tool.path("u.npy")) == Digest.ofFile(tool.path("v.npy")))
    let (tensors, metadata) = try SafetensorsFile.read(try Files.read(tool.path("v.safetensors")), source: "v")
    #expect(metadata["keys"] == #"["a","b","c","d"]"# && metadata["space"] == "clip")
    #expect(try tensors.required("embeddings").floats() == ["a", "b", "c", "d"].flatMap { expected[$0] ?? [] })
    let lines = String(decoding: try Files.read(tool.path("v.jsonl")), as: UTF8.self).split(separator: "\n")
    struct Line: Decodable {
      var id: String
      var embedding: [Float]
    }
    for line in lines {
      let value = try JSONDecoder().decode(Line.self, from: Data(line.utf8))
      #expect(value.embedding == expected[value.id])
    }
    #expect(lines.count == 4)
    let listing = try tool.run("inspect", "v.npz").output
    #expect(listing.contains("float32  [512]"), "\(listing)")
    if Python.hasNumpy {
      let said = try Python.run(
        """
        import sys, io, json, tarfile, numpy as np
        table = np.load(sys.argv[1] + "/v.npy"); archive = np.load(sys.argv[1] + "/v.npz")
        tar = tarfile.open(sys.argv[1] + "/v.tar")
        for row, key in zip(table, "abcd"):
            assert (archive[key] == row).all()
            assert (np.load(io.BytesIO(tar.extractfile(key + ".npy").read())) == row).all()
            assert json.load(tar.extractfile(key + ".json"))["id"] == key
        print(table.shape)
        """, tool.directory)
      #expect(said == "(4, 512)\n")
    }
    #expect(try Files.names(in: tool.directory).allSatisfy { !$0.hasPrefix(".") || $0.hasSuffix(".lock") })
  }

  @Test("audio is searched by audio, with weights.bin when nothing was trained; audio that cannot be read says why")
  func search() throws {
    let tool = try audioClips()
    defer { tool.remove() }
    try tool.run("embed", "sounds", "--weights", "w.bin", "--out", "v.npy", "--max-bad-fraction", "1")
    let query = ["search", "--in", "v.npy", "--audio"]
    #expect(try tool.run(all: query + ["sounds/a.wav"]).problems.contains("--weights FILE"))
    try Files.rename(tool.path("w.bin"), to: tool.path("weights.bin"))
    let found = try tool.run(all: query + ["sounds/a.wav"])
    #expect(found.status == 0 && found.output.hasPrefix("1  1.0000  a\n"), "\(found.output) \(found.problems)")
    try Files.write("{}", to: tool.path("sounds/a.info.json"))
    let named = try tool.run(
      "embed", "sounds/a.wav", "sounds/a.info.json", "--weights", "weights.bin", "--out", "x.npy")
    #expect(named.status == 0 && named.problems.contains("1 other file ignored"), "\(named)")
    let broken = try tool.run(all: query + ["sounds/notes.wav"])
    #expect(broken.status == 1 && broken.problems.contains("media.unreadable"), "\(broken.problems)")
    for words in [
      query + ["sounds/a.wav", "--run", "mine"], ["embed", "sounds", "--out", "x.npy", "--run", "mine"],
      ["embed", "sounds", "--out", "x.npy", "--checkpoint", "5"], ["evaluate", "retrieve", "--run", "mine"],
    ] {
      let both = try tool.run(all: words + ["--weights", "weights.bin", "--dry-run"])
      #expect(both.status == 64 && both.problems.contains("a file or from a run"), "\(words): \(both)")
    }
  }

  @Test("inputs: directories with keys, the tool's own shards, excerpts from a manifest")
  func inputs() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try RandomStudent.write(to: tool.path("w.bin"))
    try Files.makeDirectory(tool.path("s/x"))
    try Files.makeDirectory(tool.path("s/y"))
    try Clips.tone(tool.path("s/x/1.wav"), pitch: 300, seconds: 1)
    try Clips.tone(tool.path("s/y/1.wav"), pitch: 400, seconds: 1)
    let shared = try tool.run("embed", "s", "--weights", "w.bin", "--out", "u.npy")
    #expect(shared.status == 0 && shared.problems.contains("2 files share their names with others"))
    #expect(try Set(tool.embeddings("u").keys) == ["x/1", "y/1"])
    #expect(try tool.run("embed", "s", "--weights", "w.bin", "--out", "v.npy", "--keys", "path").status == 0)
    #expect(try Set(tool.embeddings("v").keys) == ["x/1", "y/1"])

    try Files.makeDirectory(tool.path("videos"))
    try Clips.make(tool.path("videos/whole.mp4"), pitch: 500, seconds: 25)
    try Clips.tone(tool.path("videos/cut_000007.wav"), pitch: 300, seconds: 3)
    try Files.write(
      "id,start,label,split\nwhole,5,x,test\nwhole,20,x,test\ncut,7,x,test\nabsent,0,x,test\n",
      to: tool.path("m.csv"))
    let excerpts = try tool.run(
      "embed", "videos", "--manifest", "m.csv", "--weights", "w.bin", "--out", "m.npy", "--max-bad-fraction", "1")
    #expect(excerpts.status == 0, "\(excerpts.problems)")
    #expect(excerpts.output.contains("clip.short") && excerpts.problems.contains("1 rows of the manifest"))
    let embedder = try AudioEmbedder(weights: tool.path("w.bin"))
    let row = try embedder.embed(
      Array(try Clips.samples(tool.path("videos/whole.mp4"), in: tool)[80_000..<240_000]), sampleRate: 16_000)
    let short = try embedder.embed(Clips.samples(tool.path("videos/cut_000007.wav"), in: tool), sampleRate: 16_000)
    #expect(try embeddingDistance(tool.embeddings("m"), ["whole_000005": row, "cut_000007": short]) < 1e-3)

    try Clips.set(tool, count: 2)
    _ = try tool.run("prepare", "videos", "--embeddings", "embeddings", "--frames", "none", "--max-bad-fraction", "1")
    #expect(try tool.run("embed", "shards", "--weights", "w.bin", "--out", "t.npy").problems.contains("--split train"))
    #expect(try tool.run("embed", "shards", "--split", "train", "--weights", "w.bin", "--out", "t.npy").status == 0)
    // The embeddings equal those of the FLAC files in the shards.
    try Files.makeDirectory(tool.path("flac"))
    try Clips.shell([
      "tar", "-xf", tool.path("shards/train-000000.tar"), "-C", tool.path("flac"), "--wildcards", "*.flac",
    ])
    #expect(try tool.run("embed", "flac", "--weights", "w.bin", "--out", "f.npy").status == 0)
    #expect(try tool.embeddings("t") == tool.embeddings("f"))
    #expect(try tool.run("embed", "videos", "--split", "test", "--weights", "w.bin", "--out", "t.npy").status == 64)
    #expect(try tool.run("embed", "videos", "--weights", "w.bin", "--out", "t.h5").status == 64)
    #expect(try tool.run("embed", "videos", "--out", "t.npy").problems.contains("--weights"))
  }

  @Test("a killed run resumes and gives the same file")
  func resume() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try RandomStudent.write(to: tool.path("w.bin"))
    try Files.makeDirectory(tool.path("s"))
    for index in 0..<90 {
      try Clips.shell(
        [
          "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "anoisesrc=d=2:c=pink:r=16000:a=0.4:seed=\(index)",
          tool.path("s/\(index).wav"),
        ])
    }
    let arguments = ["embed", "s", "--weights", "w.bin", "--windows", "--out"]
    #expect(try tool.run("embed", "s", "--weights", "w.bin", "--windows", "--out", "whole.npz").status == 0)
    let (process, output, _) = try tool.start(arguments + ["v.npz", "--json"])
    // The process is killed as soon as the journal has some embeddings.
    let journal = tool.path(".v.npz.journal")
    while process.isRunning, ((try? Files.identity(journal).size) ?? 0) < 4096 * 10 { usleep(1000) }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    _ = output.fileHandleForReading.readDataToEndOfFile()
    #expect(!Files.exists(tool.path("v.npz")) && Files.exists(journal))
    let resumed = try tool.run("embed", "s", "--weights", "w.bin", "--windows", "--out", "v.npz")
    #expect(resumed.status == 0 && resumed.output.contains("from an earlier run"), "\(resumed.output)")
    #expect(try Digest.ofFile(tool.path("v.npz")) == Digest.ofFile(tool.path("whole.npz")))
    #expect(!Files.exists(journal))
    let again = try tool.run("embed", "s", "--weights", "w.bin", "--windows", "--out", "v.npz")
    #expect(!again.output.contains("from an earlier run"))
  }
}

@Suite("Windows of embeddings")
struct WindowTimeTests {
  @Test("begin at the times of their samples, for every value of the hop")
  func times() throws {
    for (hop, samples) in [(0.1, 1600), (1.0 / 3, 5333), (0.012_34, 197)] {
      let cut = try WindowCut(hopSeconds: hop)
      for window in [0, 1, 3, 100_000] { #expect(cut.time(window) == Double(window * samples) / 16_000) }
    }
  }
}

extension Tool {
  /// The embeddings of a `.npy` file, by key; the keys are in the file beside it.
  func embeddings(_ name: String) throws -> [String: [Float]] {
    let tensor = try NumpyFile.read(try Files.read(path("\(name).npy")), source: name)
    let values = try tensor.floats()
    let keys = String(decoding: try Files.read(path("\(name).keys.txt")), as: UTF8.self).split(separator: "\n")
    try #require(tensor.shape == [keys.count, 512])
    return Dictionary(
      uniqueKeysWithValues: keys.enumerated().map { (String($1), Array(values[$0 * 512..<($0 + 1) * 512])) })
  }
}

/// The largest distance between embeddings of the same key, relative to the norm of the expected one.
func embeddingDistance(_ found: [String: [Float]], _ expected: [String: [Float]]) throws -> Float {
  try #require(Set(found.keys) == Set(expected.keys))
  return expected.map { key, row in
    let other = found[key] ?? []
    let square = zip(row, other).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return (square / row.reduce(0) { $0 + $1 * $1 }).squareRoot()
  }.max() ?? .infinity
}

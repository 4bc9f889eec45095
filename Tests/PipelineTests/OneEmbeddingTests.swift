import Basics
import Foundation
import Tensors
import TestSupport
import Testing

/// A file has the same embedding, whichever command computes it.
@Suite(.serialized) struct OneEmbeddingTests {
  /// Real audio clips, one directory per class.
  static let audioClips = (ProcessInfo.processInfo.environment["PIPELINE_SHARED"] ?? "../shared") + "/data/esc10"
  static let areThere: Bool = {
    let found = Files.isDirectory(audioClips)
    if !found {
      print("SKIPPED: ESC-10 is not at \(audioClips); set PIPELINE_SHARED to the directory that holds data/esc10")
    }
    return found
  }()

  /// The embeddings that `embed` writes and those that `evaluate classify` saves, by file.
  private func embeddings(_ tool: Tool) throws -> (embedded: [String: [Float]], classified: [String: [Float]]) {
    let embed = try tool.run(
      "embed", "sounds", "--weights", "w.bin", "--keys", "path", "--out", "v.safetensors")
    #expect(embed.status == 0, "\(embed.problems)")
    let classify = try tool.run(
      "evaluate", "classify", "--data", "sounds", "--fold-pattern", #"^(\d)"#, "--rows", "probe", "--seeds", "1",
      "--weights", "w.bin", "--save", "features.safetensors", "--out", "scores.json")
    #expect(classify.status == 0, "\(classify.problems)")
    func table(_ file: String, _ tensor: String, _ names: String) throws -> [String: [Float]] {
      let (tensors, metadata) = try SafetensorsFile.read(try Files.read(tool.path(file)), source: file)
      let keys = try CanonicalJSON.decode(
        [String].self, from: Array(try #require(metadata[names]).utf8), source: file)
      let values = try tensors.required(tensor, source: file).floats()
      let width = values.count / keys.count
      return Dictionary(
        uniqueKeysWithValues: keys.enumerated().map { row, key in
          (key.replacing(/\.(wav|ogg)$/, with: ""), Array(values[row * width..<(row + 1) * width]))
        })
    }
    return (
      try table("v.safetensors", "embeddings", "keys"), try table("features.safetensors", "features/probe/0", "names")
    )
  }

  @Test("embed and evaluate classify give the same embeddings of ESC-10, to the last bit", .enabled(if: areThere))
  func real() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try RandomStudent.write(to: tool.path("w.bin"))
    for directory in try Files.names(in: Self.audioClips).filter({ Files.isDirectory("\(Self.audioClips)/\($0)") })
      .prefix(3)
    {
      try Files.makeDirectory(tool.path("sounds/\(directory)"))
      let files = try Files.names(in: "\(Self.audioClips)/\(directory)")
      for fold in ["1-", "2-"] {
        for file in files.filter({ $0.hasPrefix(fold) }).prefix(2) {
          try Files.write(
            Files.read("\(Self.audioClips)/\(directory)/\(file)"), to: tool.path("sounds/\(directory)/\(file)"))
        }
      }
    }
    let (embedded, classified) = try embeddings(tool)
    #expect(embedded.count == 12 && embedded == classified)
  }

  @Test(
    "they agree on clips over half a minute, other sample rates, and channels that start to cancel each other",
    .enabled(if: Clips.ffmpegIsThere, "ffmpeg makes the sounds"))
  func made() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try RandomStudent.write(to: tool.path("w.bin"))
    for (name, source) in [
      ("a/1-long", "anoisesrc=d=34:c=pink:r=16000:a=0.4:seed=1"),
      ("a/2-rate", "anoisesrc=d=3.3:c=pink:r=44100:a=0.4:seed=2"),
      ("b/1-short", "anoisesrc=d=0.02:c=white:r=16000:a=0.4:seed=3"),
      ("b/2-opposite", "aevalsrc=exprs='sin(2000*t)/2|if(gt(t,11),-1,1)*sin(2000*t)/2':s=22050:d=14"),
    ] {
      try Files.makeDirectory(Files.parent(tool.path("sounds/\(name)")))
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/ffmpeg")
      process.arguments = [
        "-v", "error", "-nostdin", "-f", "lavfi", "-i", source, "-c:a", "pcm_f32le", tool.path("sounds/\(name).wav"),
      ]
      try process.run()
      process.waitUntilExit()
    }
    let (embedded, classified) = try embeddings(tool)
    #expect(embedded.count == 4 && embedded == classified)
  }
}

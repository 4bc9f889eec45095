import Basics
import Foundation
import Models
import Runs
import Tensors
import Testing

/// A teacher whose embeddings are not 512 wide, through every command that handles them.
@Suite("A teacher of another width", .serialized, .enabled(if: Clips.ffmpegIsThere, "ffmpeg makes the clips"))
struct TeacherWidthTests {
  private static let width = 768

  /// Four clips with embeddings that are 768 wide, and a run of three steps.
  private func train(_ tool: Tool) throws {
    for directory in ["videos", "embeddings"] { try Files.makeDirectory(tool.path(directory)) }
    for clip in 0..<4 {
      try Clips.make(tool.path("videos/\(Clips.name(clip)).mp4"), pitch: 300 + 100 * clip)
      try Clips.embeddings(
        tool.path("embeddings/\(Clips.name(clip)).npy"), seed: UInt64(clip), width: Self.width)
    }
    try Files.write(#"{"dim": 768, "fps": 1.0, "model": "wide"}"#, to: tool.path("embeddings/embeddings.json"))
    let prepared = try tool.run("prepare", "videos", "--frames", "none")
    #expect(prepared.status == 0 && prepared.output.contains("4 pairs"), "\(prepared.output) \(prepared.problems)")
    let trained = try tool.run("distill", "--batch-size", "4", "--steps", "3", "--learning-rate", "1e-3")
    #expect(trained.status == 0, "\(trained.problems)")
  }

  @Test("is prepared, distilled, exported, embedded and evaluated at its own width")
  func wide() throws {
    let audioClips = try AudioClips()
    let tool = audioClips.tool
    defer { tool.remove() }
    try train(tool)
    let run = try #require(Files.names(in: tool.path("runs")).first)
    #expect(try RunDescription(directory: tool.path("runs/\(run)")).teacherWidth == Self.width)
    let embeddings = try exports(tool)
    #expect(Set(embeddings).count == 1, "every format embeds alike")

    let retrieved = try tool.run(
      "evaluate", "retrieve", "--split", "train", "--weights", "wide.bin", "--save", "saved.safetensors", "--out",
      "r.json")
    #expect(retrieved.status == 0, "\(retrieved.problems)")
    let saved = try SafetensorsFile.read(try Files.read(tool.path("saved.safetensors")), source: "saved").tensors
    #expect(try saved.required("audio").shape == [4, Self.width])
    #expect(try saved.required("image").shape == [4, Self.width])
    #expect(try audioClips.evaluation("r.json").tables[0].rows[0].scores["queries"]?.mean == 4)

    try audioClips.set(folds: 1, each: 2)
    try Clips.embeddings(tool.path("words.npy"), seed: 9, rows: 3, width: Self.width)
    try Files.write("low\nmiddle\nhigh\n", to: tool.path("words.txt"))
    let named = try tool.run(
      "evaluate", "zero-shot", "--data", "sounds", "--text", "words.npy", "--weights", "wide.bin", "--out", "z.json")
    #expect(named.status == 0, "\(named.problems)")
    #expect(try audioClips.evaluation("z.json").data.clips == 6)
  }

  /// Exports to every format, embeds one clip with each export, and returns the digests of the embeddings.
  private func exports(_ tool: Tool) throws -> [Digest] {
    try builtInWeightFormats.flatMap { $0.extensions }.map { ending in
      let file = "wide.\(ending)"
      let exported = try tool.run("export", file)
      #expect(exported.status == 0, "\(file): \(exported.problems)")
      let weight = try WeightFiles.read(tool.path(file)).weights.required("audio_transform.sequential.3.weight")
      #expect(weight.shape == [Self.width, Self.width], "\(file)")
      let embedded = try tool.run("embed", "videos/\(Clips.name(0)).mp4", "--weights", file, "--out", "v.npy")
      #expect(embedded.status == 0 && embedded.output.contains("768 wide"), "\(file): \(embedded.problems)")
      return try Digest.ofFile(tool.path("v.npy"))
    }
  }
}

import ArgumentParser
import Basics
import Corpus
import Embed
import Foundation
import Runs

/// Whose vectors a captioner looks at: one a second of each sound, made once and kept in the workspace.
struct CaptionVectorOptions: ParsableArguments {
  @Option(help: .value("file", "Weights of the audio encoder: .bin, .pt, .safetensors or .onnx.")) var weights: String?
  @Option(
    name: .customLong("run"), help: .value("name", "A run instead of a file; with neither, the run trained last."))
  var runName: String?
  @Option(help: .value("count", "Threads; no sentence depends on it.")) var threads = Machine.processors
  @Option(help: .value("count", "Decoding processes.")) var jobs = Machine.processors
  @OptionGroup var decoding: DecodingOptions

  func validate() throws {
    try check("--threads", threads, 1...)
    try check("--jobs", jobs, 1...)
  }

  /// The file of the vectors, named by what they depend on: it is made where it is not there yet.
  func file(
    _ inputs: [String], split: Split?, manifest: String? = nil, workspace: String, explains: Bool
  ) throws -> String {
    var settings = EmbeddingSettings()
    (settings.inputs, settings.manifest, settings.split) = (inputs, manifest, split)
    (settings.weights, settings.run, settings.hop) = (weights, runName, 1)
    (settings.threads, settings.jobs, settings.output) = (threads, jobs, "vectors.npz")
    settings.workerCommand = try decoding.launch()
    let name = try EmbedJob(settings).identity().hex.prefix(16)
    settings.output = "\(workspace)/captions/\(name).npz"
    if Files.exists(settings.output) {
      if explains { Console.say("\(settings.output) is up to date") }
      return settings.output
    }
    let job = try EmbedJob(settings)
    try job.run(EmbedReport(job, explains: explains).show)
    return settings.output
  }

  /// For the captioner's metadata: which weights made the vectors.
  func encoder() throws -> String { try weights.map { "sha256:\(try Digest.ofFile($0).hex)" } ?? runName ?? "last run" }
}

import ArgumentParser
import Basics
import Corpus
import Embed
import Foundation
import Runs

/// The embeddings that a captioner uses: one a second for each audio clip, made once and kept in the workspace.
struct CaptionEmbeddingOptions: ParsableArguments {
  @OptionGroup var encoder: EncoderOptions
  @Option(help: .value("count", "Threads; the captions do not depend on it.")) var threads = Machine.processors
  @Option(help: .value("count", "Decoding processes.")) var jobs = Machine.processors
  @OptionGroup var decoding: DecodingOptions

  func validate() throws {
    try check("--threads", threads, 1...)
    try check("--jobs", jobs, 1...)
  }

  /// The file of the embeddings, named after what they depend on. It is made if it does not exist.
  func file(
    _ inputs: [String], split: Split?, manifest: String? = nil, workspace: String, explains: Bool
  ) throws -> String {
    var settings = EmbeddingSettings()
    (settings.inputs, settings.manifest, settings.split) = (inputs, manifest, split)
    (settings.weights, settings.run, settings.hop) = (encoder.weights, encoder.runName, 1)
    settings.shortAsWhole = true
    (settings.threads, settings.jobs, settings.output) = (threads, jobs, "embeddings.npz")
    settings.workerCommand = try decoding.launch()
    let name = try EmbedJob(settings).identity().hex.prefix(16)
    settings.output = "\(workspace)/captions/\(name).npz"
    // Clips that were left out are reported each time, not only when the file is made.
    let missing = "\(workspace)/captions/\(name).left-out.txt"
    if Files.exists(settings.output) {
      if explains { Console.note("\(settings.output) is up to date") }
      let lines = try Files.exists(missing) ? Files.read(missing).split(separator: 0x0A) : []
      if let first = lines.first {
        Console.warn("\(lines.count) clips were left out, such as \(String(decoding: first, as: UTF8.self))")
      }
      return settings.output
    }
    let job = try EmbedJob(settings)
    // Standard output is for the captions.
    let report = EmbedReport(job, explains: explains) { Console.note($0) }
    var leftOut: [String] = []
    defer { if !leftOut.isEmpty { try? Files.write(leftOut.joined(separator: "\n") + "\n", to: missing) } }
    try job.run { event in
      if case .leftOut(let audio) = event { leftOut.append("\(audio.name) (\(audio.finding.code))") }
      report.show(event)
    }
    return settings.output
  }

  /// For the captioner's metadata: identifies the weights that made the embeddings.
  /// - Throws: errors of finding a run.
  func encoderIdentity() throws -> String {
    var settings = EmbeddingSettings()
    (settings.weights, settings.run) = (encoder.weights, encoder.runName)
    return try EmbedJob.encoder(settings)
  }

  /// Warns when a captioner was trained on embeddings of another encoder.
  /// - Parameter trained: the encoder in the captioner's metadata; nil when there is none.
  func warn(ofOtherEncoderThan trained: String?) throws {
    guard let trained else { return }
    let own = try encoderIdentity()
    // A file and a run may hold the same weights, so only two descriptions of the same kind are compared.
    guard own != trained, own.hasPrefix("sha256:") == trained.hasPrefix("sha256:") else { return }
    Console.warn("the captioner was trained on the embeddings of other weights: its captions may be nonsense")
  }
}

import ArgumentParser
import Basics
import Corpus
import Embed
import Foundation
import Runs

struct EmbedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "embed", abstract: "Embed audio: files, directories, manifests, or training shards.",
    discussion: """
      Any file that libav or libsndfile reads, resampled to 16 kHz in one channel. One embedding for all of a file of up to 60 s, or
      with --windows one for each second: windows of one file are normalized together, the first begins with the file, and what
      is left at its end and fills no window is dropped.

      The output's ending says what is written: .npy (a table, and its keys in NAME.keys.txt), .npz (an array a file),
      .safetensors, .tar (a WebDataset) or .jsonl. Keys are file names without their last extension; files that share one are called by their directories too. A run that was ended goes on where it
      was; a file that cannot be decoded is one line of the report.

      With --part several machines share the work: each writes its share to a file of its own, NAME-00003-of-00008.npy, and what
      reads embeddings takes all of them by their directory, or as 'NAME-*-of-00008.npy'.
      """
        + "\n\n"
        + examples(
          "pipeline embed audio/ --out embeddings.npy", "pipeline embed talk.mp4 --windows --out talk.npz",
          "pipeline embed --texts words.txt --clip clip-vit-base-patch32/ --out words.npy"))

  @Argument(help: "Audio or video files, directories of them, or a directory of training shards.")
  var inputs: [String] = []
  @Option(
    help: .value(
      "file|-", "Embed texts with --clip instead: a file with one a line (or name<TAB>text), or - for standard input."))
  var texts: String?
  @Option(
    parsing: .singleValue,
    help: .value(
      "file|directory", "Embed images with --clip instead: JPEG and PNG files, or directories of them. Repeatable."))
  var images: [String] = []
  @OptionGroup(title: "CLIP MODEL, FOR TEXTS AND IMAGES") var clip: CLIPOptions
  @Option(
    parsing: .singleValue,
    help: .value("sentence", "A sentence for each text, with {} for it. Repeatable: the mean of all."))
  var template: [String] = []

  @OptionGroup var encoder: EncoderOptions
  @Option(help: .value("best|last|step", "Of the run: best, last or a step. (default: best)"))
  var checkpoint: TrainedModel.Choice?
  @Option(help: .value("file", "The file to write: .npy, .npz, .safetensors, .tar or .jsonl.")) var out: String
  @Option(help: .value("file", "CSV (id,start,label,split) or JSONL: clips of up to ten seconds out of the files."))
  var manifest: String?
  @Option(help: .value("name", "Of training shards: train, validation or test. (default: test, else validation)"))
  var split: String?
  @Flag(help: "An embedding for each second instead of one for the whole.") var windows = false
  @Option(help: .value("seconds", "Seconds from one window to the next.")) var hop: Double?
  @Option(help: .value("on|off", "on: embeddings in CLIP's space; off: the encoder's output before it."))
  var projection =
    "on"
  @Flag(help: "Give each embedding length one.") var normalize = false
  @Option(
    help: .value(
      "numbers", "float32, or faster: mixed or mixed-winograd, with bfloat16 products where the CPU has them."))
  var precision = "float32"
  @Option(help: .value("id|path", "What an embedding is called by: id (the file's name) or path (directories too)."))
  var keys: String?
  @Flag(help: "Refuse symbolic links below the inputs. By default they are followed.") var noFollow = false
  @Option(help: .value("count", "Threads; the embeddings do not depend on it.")) var threads = EmbeddingSettings()
    .threads
  @Option(help: .value("count", "Decoding processes.")) var jobs = EmbeddingSettings().jobs
  @Option(help: .value("share", "Share of clips that may be left out before the exit status says so."))
  var maxBadFraction = 0.05
  @OptionGroup(title: "DECODING") var decoding: DecodingOptions
  @OptionGroup(title: "PARTS") var parts: PartOptions
  @OptionGroup(title: "GENERAL") var common: EmbedGeneralOptions

  func validate() throws {
    try check("--threads", threads, 1...)
    try check("--jobs", jobs, 1...)
    try check("--max-bad-fraction", maxBadFraction, 0...1)
    try encoder.check(checkpoint: checkpoint)
  }

  func run() throws {
    common.begin()
    if texts != nil || !images.isEmpty { return try embedByCLIP() }
    guard !inputs.isEmpty, clip.clip == nil else {
      throw Failure(
        "usage.inputs", "nothing to embed is named", expected: "audio, or --clip DIR with --texts or --images",
        exit: .usage)
    }
    let job = try EmbedJob(try settings())
    let report = EmbedReport(job, explains: common.explain)
    if common.dryRun {
      try job.plan(report.show)
      Console.say("would embed \(job.count) clips into \(job.settings.file)")
      Console.event("plan", ["stage": "embed", "run": job.count])
      return
    }
    try job.run(report.show)
  }

  private func embedByCLIP() throws {
    guard inputs.isEmpty, texts == nil || images.isEmpty, let model = clip.clip else {
      throw Failure(
        "usage.inputs", "audio, texts and images are embedded apart",
        expected: "--clip DIR with --texts or --images",
        exit: .usage)
    }
    var settings = CLIPEmbeddingSettings(texts.map { .texts($0) } ?? .images(images))
    (settings.clip, settings.activation, settings.tokenizer) = (model, try clip.kind(), clip.tokenizer)
    (settings.templates, settings.output, settings.normalize, settings.threads) = (template, out, normalize, threads)
    (settings.jobs, settings.workerCommand) = (jobs, try decoding.launch())
    let job = try CLIPEmbedJob(settings)
    if common.dryRun { return Console.say("would embed into \(out)") }
    let what = images.isEmpty ? "texts" : "images"
    Progress.begin("reading the model")
    let outcome = try job.run { Progress.show(WorkProgress(what, done: $0, of: $1)) }
    if outcome.cut > 0 { Console.warn("\(outcome.cut) texts are longer than the model takes, and were cut") }
    Console.say(
      "\(outcome.path): \(outcome.rows) embeddings, \(outcome.width) wide, by \(outcome.model) (\(outcome.activation.rawValue))"
    )
    Console.event(
      "embedded",
      [
        "file": outcome.path, "rows": outcome.rows, "width": outcome.width, "model": outcome.model,
        "activation": outcome.activation.rawValue, "cut": outcome.cut,
        "embeddingSeconds": outcome.embeddingSeconds,
      ])
  }

  private func settings() throws -> EmbeddingSettings {
    guard hop == nil || windows else {
      throw Failure("usage.hop", "a distance is between windows", on: "--hop", expected: "--windows", exit: .usage)
    }
    var settings = EmbeddingSettings()
    settings.inputs = inputs
    settings.manifest = manifest
    settings.followsLinks = !noFollow
    settings.split = try parsed("--split", split) { Split(manifest: $0) }
    (settings.weights, settings.run) = (encoder.weights, encoder.runName)
    settings.checkpoint = checkpoint
    settings.output = out
    settings.part = try parts.chosen()
    settings.hop = windows ? hop ?? 1 : nil
    settings.projection = try parsed("--projection", projection) { ["on": true, "off": false][$0] } ?? true
    settings.normalize = normalize
    settings.precision = precision
    settings.keys = try parsed("--keys", keys, EmbeddingSettings.Keys.init) ?? .id
    settings.threads = threads
    settings.jobs = jobs
    settings.maxBadFraction = maxBadFraction
    settings.workerCommand = try decoding.launch()
    return settings
  }
}

/// Prints the progress and result of embedding, for people or as JSON.
final class EmbedReport {
  private let settings: EmbeddingSettings
  private let explains: Bool
  private let count: Int
  private let say: (String) -> Void
  private var warned: [String: Int] = [:]

  /// - Parameter say: receives lines of text; it replaces standard output for commands whose own result goes there.
  init(_ job: EmbedJob, explains: Bool, say: @escaping (String) -> Void = { Console.say($0) }) {
    (settings, self.explains, count, self.say) = (job.settings, explains, job.count, say)
    Progress.begin("clips", total: job.count)
  }

  func show(_ event: EmbedJob.Event) {
    switch event {
    case .note(let text): Console.warn(text)
    case .began(_, let resumed): if resumed > 0 { Progress.begin("clips", total: count, done: resumed) }
    case .embedded: Progress.advance()
    case .leftOut(let audio):
      Progress.advance()
      say("left out  \(audio.name)  \(audio.finding.code): \(audio.finding.evidence)")
      JobReport.add(
        reason: audio.finding.code.rawValue, title: "left out", example: "\(audio.name): \(audio.finding.evidence)")
      Console.event(
        "left-out",
        ["file": audio.name, "reason": audio.finding.code.rawValue, "evidence": audio.finding.evidence])
    case .warned(let name, let finding):
      warned[finding.code.rawValue, default: 0] += 1
      if explains { say("\(name)  \(finding.code): \(finding.evidence)") }
      Console.event(
        "warned", ["file": name, "reason": finding.code.rawValue, "evidence": finding.evidence])
    case .written(let outcome): show(outcome)
    }
  }

  private func show(_ outcome: EmbedJob.Outcome) {
    for (code, count) in warned.sorted(by: { $0.key < $1.key }) { Console.note("\(count) with \(code)") }
    let shape =
      settings.hop == nil
      ? counted(outcome.audioClips, "clip") : "\(outcome.rows) windows of \(counted(outcome.audioClips, "clip"))"
    let before = outcome.resumed > 0 ? ", \(outcome.resumed) from an earlier run" : ""
    let without = outcome.leftOut.isEmpty ? "" : ", \(outcome.leftOut.count) left out"
    say("\(outcome.path): \(shape), \(outcome.width) wide, \(byteText(outcome.bytes))\(before)\(without)")
    Console.event(
      "embedded",
      [
        "file": outcome.path, "sounds": outcome.audioClips, "rows": outcome.rows, "width": outcome.width,
        "resumed": outcome.resumed, "leftOut": outcome.leftOut.count, "bytes": outcome.bytes,
        "embeddingSeconds": outcome.embeddingSeconds,
      ])
  }
}

import ArgumentParser
import Basics
import Caption
import Corpus
import Evaluate
import Evaluation
import Foundation

struct CaptionEvaluationCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "caption",
    abstract: "Score captions of audio, beside baselines that need no captioner.",
    discussion: """
      Scored are the clips of shards that were kept out of training, or of a table: id,caption (a row for each) or
      file_name,caption_1,caption_2,…, with a column split, or with the training captions in a table of their own.
      BLEU, ROUGE-L and CIDEr-D are computed here; METEOR and SPICE by their authors' programs, where they are named.
      """)

  @Option(help: .value("directory", "Training shards with captions.")) var shards = "shards"
  @Option(help: .value("file", "A table of captions (CSV or JSON lines), in place of shards.")) var captions: String?
  @Option(help: .value("file", "The captions of the training clips, where the table has no column split."))
  var training: String?
  @Option(
    parsing: .singleValue, help: .value("directory", "A directory with the audio of the table's clips. Repeatable."))
  var audio: [String] = []
  @Option(
    help: .value("name", "train, validation or test; default: test, else validation; all of a table without splits."))
  var split: String?
  @Option(
    parsing: .singleValue,
    help: .value(
      "name=file",
      "NAME=FILE: captions to score, one for each clip (CSV or JSON lines with id and caption). Repeatable."))
  var candidates: [String] = []
  @Option(help: .value("file", "A captioner that hears the clips through the encoder of the run or of --weights."))
  var captioner: String?
  @Option(
    help: .value(
      "row,…", "Nearest training clip by probe, untrained, log-mel, supervised, with commas between; or none."))
  var rows = "probe,untrained,log-mel"
  @Option(
    parsing: .singleValue, help: .value("name=path", "NAME=PATH: the same by another system's embeddings. Repeatable."))
  var features: [String] = []
  @Option(help: .value("count", "Seeds of random captions, shuffled clips and untrained networks.")) var seeds = 3
  @Option(help: .value("file", "meteor-1.5.jar, its data/ beside it: METEOR by its authors' program (needs java)."))
  var meteorJar: String?
  @Option(
    help: .value("file", "spice-1.0.jar, Stanford CoreNLP 3.6.0 and its models in lib/ beside it: SPICE and SPIDEr."))
  var spiceJar: String?
  @OptionGroup(title: "CLIP MODEL") var clip: CLIPOptions
  @Option(help: .value("file", "Write every caption with its scores as JSON lines.")) var save: String?
  @OptionGroup(title: "WEIGHTS, SCORES, MACHINE") var options: EvaluationOptions
  @OptionGroup(title: "GENERAL") var common: WorkspaceOptions

  func run() throws {
    common.begin()
    let settings = try settings()
    let job = CaptionJob(
      settings, options.place,
      captioner: captioner.map { path in
        { try ListeningCaptioner(captioner: path, encoder: $0.model, threads: settings.threads) }
      })
    if common.dryRun {
      let (scored, leftOut) = try job.plan()
      return Console.say("would score the sentences of \(scored) clips; \(leftOut) cannot be used")
    }
    try EvaluationReport.show(job.run)
  }

  private func settings() throws -> CaptionSettings {
    var settings = CaptionSettings()
    (settings.shards, settings.captions, settings.training) = (shards, captions, training)
    settings.audio = audio
    if captions == nil, training != nil || !audio.isEmpty {
      throw Failure(
        "usage.captions", "--training and --audio belong to a table of captions",
        expected: "--captions FILE",
        exit: .usage)
    }
    if captioner != nil, captions != nil, audio.isEmpty {
      throw Failure(
        "usage.audio", "a captioner needs the clips' audio", on: "--captioner",
        expected: "--audio DIR beside a table of captions", exit: .usage)
    }
    settings.split = try parsed("--split", split) { Split(manifest: $0) }
    settings.candidates = try candidates.map { try NamedPath($0, flag: "--candidates") }.map {
      ($0.name, $0.path)
    }
    settings.features = try features.map { try NamedPath($0, flag: "--features") }.map {
      ($0.name, $0.path)
    }
    settings.rows = rows == "none" ? [] : try ClassifySettings.Row.list(rows)
    let names =
      settings.candidates.map(\.name) + settings.rows.map(\.rawValue)
      + settings.features.map(\.name)
    guard Set(names).count == names.count else {
      throw Failure(
        "usage.rows", "rows need names of their own", found: names.joined(separator: ", "),
        exit: .usage)
    }
    settings.seeds = try positive("--seeds", seeds) ?? 1
    (settings.meteor, settings.spice, settings.save) = (meteorJar, spiceJar, save)
    (settings.clip, settings.activation, settings.tokenizer) = (
      clip.clip, try clip.kind(), clip.tokenizer
    )
    (settings.threads, settings.jobs) = (max(1, options.threads), max(1, options.jobs))
    settings.workerCommand = try options.decoding.launch()
    return settings
  }
}

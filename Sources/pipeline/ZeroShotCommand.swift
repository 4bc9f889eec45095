import ArgumentParser
import Basics
import CLIP
import Corpus
import Evaluate

struct ZeroShotCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "zero-shot", abstract: "Name audio by the nearest class embedding, with nothing trained on it.",
    discussion: examples("pipeline evaluate zero-shot --data audio/ --clip clip-vit-base-patch32/"))

  @Option(
    help: .value("directory|table", "A directory or a table with audio and labels, or a directory of training shards."))
  var data: String
  @Option(help: .value("file", "Class embeddings: safetensors with names, or npy with a list of names beside it."))
  var text: String?
  @OptionGroup(title: "CLIP MODEL, FOR CLASS EMBEDDINGS") var clip: CLIPOptions
  @Option(
    parsing: .singleValue,
    help: .value(
      "sentence",
      "A sentence for --clip, with {} for the label. Repeatable: the mean of all. (default: \(Prompts.standard))"))
  var template: [String] = []
  @Option(parsing: .singleValue, help: .value("label=words", "Other words for a label: LABEL=WORDS. Repeatable."))
  var alias: [String] = []
  @Option(
    help: .value(
      "name", "Of shards or of a table with splits. (default: test, else validation of shards; all of a table)"))
  var split: String?
  @Option(
    help: .value("directory", "Training shards, to warn of clips that were trained on. (default: shards, where it is)"))
  var shards: String?
  @OptionGroup(title: "LABELS") var labels: LabelOptions
  @OptionGroup(title: "WEIGHTS, SCORES, MACHINE") var options: EvaluationOptions
  @OptionGroup(title: "GENERAL") var common: WorkspaceOptions

  func run() throws {
    common.begin()
    var settings = ZeroShotSettings()
    (settings.data, settings.text, settings.reading) = (data, text, labels.reading)
    guard (text == nil) != (clip.clip == nil) else {
      throw Failure(
        "usage.text", "class embeddings come from a file or from a model", expected: "either --text or --clip",
        exit: .usage)
    }
    (settings.clip, settings.activation, settings.tokenizer) = (clip.clip, try clip.kind(), clip.tokenizer)
    settings.prompts = try Prompts(templates: template, aliases: try aliases())
    settings.split = try parsed("--split", split) { Split(manifest: $0) }
    settings.trainingShards = EvaluationOptions.trainingShards(shards)
    (settings.threads, settings.jobs) = (max(1, options.threads), max(1, options.jobs))
    settings.workerCommand = try options.decoding.launch()
    let job = ZeroShotJob(settings, options.place)
    if common.dryRun {
      try job.plan()
      return Console.say("would name the audio of \(data) by the class embeddings of \(text ?? clip.clip ?? "")")
    }
    try EvaluationReport.show(job.run)
  }

  private func aliases() throws -> [String: String] {
    let pairs = try alias.map { text -> (String, String) in
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else {
        throw Failure(
          "usage.value", "the value cannot be read", on: "--alias", found: text, expected: "LABEL=WORDS", exit: .usage)
      }
      return (parts[0], parts[1])
    }
    return Dictionary(pairs) { _, last in last }
  }
}

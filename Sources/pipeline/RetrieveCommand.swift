import ArgumentParser
import Basics
import Corpus
import Evaluate

struct RetrieveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retrieve",
    abstract: "Does audio find its images, do images find their audio, and words both, on clips kept out of training?",
    discussion: examples("pipeline evaluate retrieve", "pipeline evaluate retrieve --run baseline --split validation"))

  @Option(help: .value("directory", "Training shards.")) var shards = "shards"
  @Option(help: .value("name", "train, validation or test. (default: test, else validation)")) var split: String?
  @Option(help: .value("file", "Class embeddings: safetensors with names, or npy with a list of names beside it."))
  var text: String?
  @OptionGroup(title: "CLIP MODEL, FOR CAPTIONS") var clip: CLIPOptions
  @Option(
    help: .value("table", "Also rank the seconds of recordings: a table file,start,end,label, the files beside it."))
  var timeline: String?
  @Option(
    help: .value(
      "file", "Score the embeddings of this file (safetensors: audio, image, labels) in place of shards and weights."))
  var embeddings: String?
  @Option(help: ArgumentHelp("What --embeddings was called.", visibility: .hidden)) var vectors: String?
  @Option(help: .value("count", "Ask at most so many queries, evenly spread; the gallery stays whole.")) var queries:
    Int?
  @Option(help: .value("file", "Write the embeddings as safetensors, for outside judges.")) var save: String?
  @OptionGroup(title: "WEIGHTS, SCORES, MACHINE") var options: EvaluationOptions
  @OptionGroup(title: "GENERAL") var common: WorkspaceOptions

  func run() throws {
    common.begin()
    var settings = RetrievalSettings()
    settings.shards = shards
    settings.split = try parsed("--split", split) { Split(manifest: $0) }
    settings.embeddings = embeddings ?? vectors
    if vectors != nil { Console.note("--vectors is called --embeddings now; the old name keeps working") }
    settings.mostQueries = try positive("--queries", queries)
    (settings.text, settings.timeline, settings.save) = (text, timeline, save)
    (settings.threads, settings.jobs) = (max(1, options.threads), max(1, options.jobs))
    settings.workerCommand = try options.decoding.launch()
    (settings.clip, settings.activation, settings.tokenizer) = (clip.clip, try clip.kind(), clip.tokenizer)
    let job = RetrieveJob(settings, options.place)
    if common.dryRun {
      try job.plan()
      return Console.say("would score the clips of \(shards) that were kept out of training")
    }
    try EvaluationReport.show(job.run)
  }
}

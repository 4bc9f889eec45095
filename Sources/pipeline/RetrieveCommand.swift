import ArgumentParser
import Basics
import Corpus
import Evaluate

struct RetrieveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retrieve",
    abstract: "Do sounds find their pictures, pictures their sounds, and words both, on clips kept out of training?")

  @Option(help: "Training shards.") var shards = "shards"
  @Option(help: "train, validation or test; default: test, else validation.") var split: String?
  @Option(help: "Class vectors: safetensors with names, or npy with a list of names beside it.") var text: String?
  @OptionGroup var clip: CLIPOptions
  @Option(help: "Also rank the seconds of recordings: a table file,start,end,label, the files beside it.")
  var timeline: String?
  @Option(help: "Score the vectors of this file (safetensors: audio, image, labels) in place of shards and weights.")
  var vectors: String?
  @Option(help: "Ask at most so many queries, evenly spread; the gallery stays whole.") var queries: Int?
  @Option(help: "Write the vectors as safetensors, for outside judges.") var save: String?
  @OptionGroup var options: EvaluationOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    _ = try common.begin()
    var settings = RetrievalSettings()
    settings.shards = shards
    settings.split = try parsed("--split", split) { Split(manifest: $0) }
    settings.vectors = vectors
    settings.mostQueries = try positive("--queries", queries)
    (settings.text, settings.timeline, settings.save) = (text, timeline, save)
    (settings.threads, settings.jobs) = (max(1, options.threads), max(1, options.jobs))
    settings.workerCommand = try DecodeWorkerCommand.command()
    (settings.clip, settings.activation, settings.tokenizer) = (clip.clip, try clip.kind(), clip.tokenizer)
    let job = RetrieveJob(settings, options.place)
    if common.dryRun {
      try job.plan()
      return Console.say("would score the clips of \(shards) that were kept out of training")
    }
    try job.run(EvaluationReport().show)
  }
}

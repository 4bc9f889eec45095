import ArgumentParser
import Basics
import Caption
import Corpus
import Foundation
import Models
import Training

struct CaptionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "caption", abstract: "Write a sentence for each clip, or train a captioner that does.",
    discussion: """
      pipeline caption train --weights weights.bin     a captioner from shards with captions
      pipeline caption audio/ --captioner captioner.safetensors --weights weights.bin
      """,
    subcommands: [CaptionWriteCommand.self, CaptionTrainCommand.self], defaultSubcommand: CaptionWriteCommand.self)
}

struct CaptionWriteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "write", abstract: "Write a sentence for each clip of files, directories or shards.",
    discussion: """
      The captioner reads one embedding for each second of audio, made by the weights that it was trained with. --out writes CSV
      (id, caption, score, tokens) or, named .jsonl, JSON lines that also hold the tokens' log likelihoods. Without --out, JSON
      lines go to standard output.
      """)

  @Argument(help: "Audio or video files, directories of them, or a directory of training shards.")
  var inputs: [String] = []
  @Option(help: .value("file", "The captioner: the file that `caption train` wrote.")) var captioner =
    "captioner.safetensors"
  @OptionGroup(title: "ENCODER") var stage: CaptionEmbeddingOptions
  @Option(help: .value("file", "Embeddings that `embed --windows` wrote, in place of files or shards.")) var embeddings:
    String?
  @Option(help: .value("file", "CSV (id,start) or JSONL: clips of up to ten seconds out of the files.")) var manifest:
    String?
  @Option(help: .value("name", "Of training shards: train, validation or test; default: test, else validation."))
  var split: String?
  @Option(help: .value("count", "Width of the beam search; 1 takes the likeliest word each time."))
  var beams = 3
  @Option(help: .value("count", "Fewest words of a sentence.")) var fewestWords = 3
  @Option(help: .value("count", "Most words of a sentence.")) var mostWords = 20
  @Flag(help: "Take the first caption of the nearest training clip instead of writing a new one.") var nearest = false
  @Option(help: .value("file", "The file to write: .jsonl or .csv.")) var out: String?
  @OptionGroup(title: "GENERAL") var common: WorkspaceOptions

  func validate() throws {
    try check("--beams", beams, 1...64)
    try check("--fewest-words", fewestWords, 0...1000)
    try check("--most-words", mostWords, 1...1000)
    guard fewestWords <= mostWords else { throw ValidationError("--fewest-words is over --most-words") }
  }

  func run() throws {
    common.begin()
    guard inputs.isEmpty != (embeddings == nil) else {
      throw Failure(
        "usage.inputs", "give files, or a file of their embeddings",
        expected: "files, directories or shards; or --embeddings FILE",
        exit: .usage)
    }
    if let out, !["jsonl", "csv"].contains(Files.ending(out) ?? "") {
      throw Failure("usage.value", "no such format", on: "--out", found: out, expected: ".jsonl or .csv", exit: .usage)
    }
    var settings = CaptioningSettings()
    (settings.captioner, settings.nearest, settings.threads) = (captioner, nearest, stage.threads)
    (settings.options.beams, settings.options.fewestTokens) = (beams, fewestWords)
    settings.options.mostTokens = mostWords
    settings.output = out ?? "-"
    if common.dryRun { return Console.say("would write sentences with \(captioner)") }
    settings.embeddings =
      try embeddings
      ?? stage.file(
        inputs, split: try parsed("--split", split) { Split(manifest: $0) }, manifest: manifest,
        workspace: common.workspace, explains: common.reasons.explain)
    if embeddings == nil {
      try stage.warn(ofOtherEncoderThan: CaptionModel(file: captioner).metadata[CaptionModel.encoderKey])
    }
    Progress.begin("reading the captioner")
    var lines: [CaptioningJob.Line] = []
    let time = try ContinuousClock().measure {
      lines = try CaptioningJob(settings).run { event in
        switch event {
        case .captioned(let done, let total): Progress.show(WorkProgress("clips", done: done, of: total))
        case .short(let clips):
          Console.warn("\(clips.count) clips are shorter than a second and get no sentence, such as \(clips[0])")
        }
      }
    }
    if out == nil {
      for line in lines { print(try CanonicalJSON.text(line)) }
    } else {
      Console.say("\(settings.output): \(lines.count) sentences")
      Console.event(
        "captioned",
        ["file": settings.output, "clips": lines.count, "clipsPerSecond": Double(lines.count) / time.seconds])
    }
  }
}

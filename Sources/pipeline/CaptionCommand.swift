import ArgumentParser
import Basics
import Caption
import Corpus
import Foundation
import Models
import Training

struct CaptionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "caption", abstract: "A sentence for each sound, by a captioner; and captioners trained.",
    discussion: """
      pipeline caption train --weights weights.bin     a captioner from shards with captions
      pipeline caption sounds/ --captioner captioner.safetensors --weights weights.bin
      """,
    subcommands: [CaptionSoundsCommand.self, CaptionTrainCommand.self], defaultSubcommand: CaptionSoundsCommand.self)
}

struct CaptionSoundsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sounds", abstract: "A sentence for each sound of files, folders or shards.",
    discussion: """
      The captioner looks at a vector for each second, made by the weights that it was trained with. The output's ending says what
      is written: .jsonl (id, caption, score, tokens and their log likelihoods) or .csv; without --out, JSON lines on standard output.
      """)

  @Argument(help: "Sound or video files, folders of them, or a folder of training shards.")
  var inputs: [String] = []
  @Option(help: .value("file", "The captioner: a file that `caption train` wrote.")) var captioner =
    "captioner.safetensors"
  @OptionGroup(title: "ENCODER") var stage: CaptionVectorOptions
  @Option(help: .value("file", "A file of vectors in place of sounds, as `embed --windows` writes it.")) var vectors:
    String?
  @Option(help: .value("file", "CSV (id,start) or JSONL: ten-second clips out of the files.")) var manifest: String?
  @Option(help: .value("name", "Of training shards: train, validation or test; default: test, else validation."))
  var split: String?
  @Option(help: .value("count", "Sentences that are kept as they grow; 1 takes the likeliest word each time."))
  var beams = 3
  @Option(help: .value("count", "Fewest words of a sentence.")) var fewestWords = 3
  @Option(help: .value("count", "Most words of a sentence.")) var mostWords = 20
  @Flag(help: "The training sentence whose sound is nearest, in place of a new one.") var nearest = false
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
    guard inputs.isEmpty != (vectors == nil) else {
      throw Failure(
        "usage.inputs", "sounds, or a file of their vectors", expected: "files, folders or shards; or --vectors FILE",
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
    settings.vectors =
      try vectors
      ?? stage.file(
        inputs, split: try parsed("--split", split) { Split(manifest: $0) }, manifest: manifest,
        workspace: common.workspace, explains: common.reasons.explain)
    Progress.begin("reading the captioner")
    var lines: [CaptioningJob.Line] = []
    let time = try ContinuousClock().measure {
      lines = try CaptioningJob(settings).run { event in
        switch event {
        case .captioned(let done, let total): Progress.show(WorkProgress("clips", done: done, of: total))
        case .short(let sounds):
          Console.warn("\(sounds.count) sounds are shorter than a second and get no sentence, such as \(sounds[0])")
        }
      }
    }
    if out == nil {
      for line in lines { print(try CanonicalJSON.text(line)) }
    } else {
      Console.say("\(settings.output): \(lines.count) sentences")
      Console.event(
        "captioned",
        ["file": settings.output, "sounds": lines.count, "soundsPerSecond": Double(lines.count) / time.seconds])
    }
  }
}

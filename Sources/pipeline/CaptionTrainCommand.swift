import ArgumentParser
import Basics
import Caption
import Corpus
import Evaluation
import Foundation
import Kernels
import Models
import Ranks
import Shards
import Training

struct CaptionTrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train a captioner on audio with captions, or on captions alone.",
    discussion: """
      Captions come from the shards' records or from a table: id,caption (a row for each), file_name,caption_1,caption_2,…, or
      AudioCaps' own. The encoder is not trained: its embeddings, one a second, are made once. The same command goes on where
      training was stopped. Training ends when CIDEr-D on the validation clips no longer grows, and writes the best captioner.

      --from-text needs no audio: the captions' text embeddings, by --clip or from --text-embeddings, take the place of the clips'.
      The audio encoder that the captioner is used with must have been distilled from the same text model.

      Under mpirun -n N or srun --mpi=pmix, N processes train one captioner together, with the weights of one process.
      """)

  @Option(
    help: .value(
      "directory|none", "Directory with training shards; none: the table alone. (default: shards, where it is)"))
  var shards: String?
  @Option(help: .value("file", "A table of captions (CSV or JSON lines), in place of the shards' own.")) var captions:
    String?
  @Option(help: .value("file", "Embeddings of the training clips, in place of shards.")) var embeddings: String?
  @Option(help: .value("file", "Embeddings of the clips to validate with.")) var validationEmbeddings: String?
  @OptionGroup(title: "ENCODER") var stage: CaptionEmbeddingOptions
  @OptionGroup(title: "DECODER") var decoder: CaptionDecoderOptions
  @OptionGroup(title: "TRAINING") var training: CaptionTrainingOptions
  @OptionGroup(title: "TEXT ALONE") var texts: CaptionTextOptions
  @Option(help: .value("file", "The captioner to write.")) var out = "captioner.safetensors"
  @Option(help: .value("directory", "Where trainings keep checkpoints and records.")) var captioners = "captioners"
  @Flag(help: "Keep each training clip's embedding and first caption in the captioner, for --nearest.")
  var keepNeighbors = false
  @Flag(help: "Discard the checkpoints of this same training first.") var fresh = false
  @OptionGroup(title: "GENERAL") var common: WorkspaceOptions

  func run() throws {
    common.begin()
    if common.dryRun {
      try RankSession.speakOnce()
      return Console.say("would train a captioner into \(out)")
    }
    let ranks = try RankSession.join()
    let settings = try settings(ranks)
    let tokenizer = PTBTokenizer()
    let report = CaptionTrainingReport()
    try CaptionTrainJob(settings) { captions, references in
      let consensus = CIDErD(references: references.map { $0.map(tokenizer.words) })
      let scores = consensus.scores(captions.map(tokenizer.words))
      return [
        CaptionTask.criterion: scores.reduce(0, +) / Double(max(1, scores.count)),
        "distinct": Double(Set(captions).count),
      ]
    }.run(ranks: ranks, report.show)
  }

  private func settings(_ ranks: RankGroup) throws -> CaptionTrainSettings {
    // Mistakes on the command line are reported before anything that takes hours.
    var settings = CaptionTrainSettings()
    try decoder.apply(to: &settings, tokenizer: texts.clip.tokenizer)
    try training.apply(to: &settings)
    settings.texts = try texts.settings(threads: stage.threads)
    settings.noise = texts.noise(settings.texts)
    (settings.threads, settings.output, settings.directory) = (stage.threads, out, captioners)
    (settings.keepsNeighbors, settings.fresh) = (keepNeighbors, fresh)
    let (data, made) = try ranks.together { () throws -> (CaptionData, [String]) in
      let data = try CaptionData(shards: embeddings == nil ? shards : CaptionData.noShards, table: captions)
      let sentences = data.train.values.reduce(0) { $0 + $1.count }
      if sentences > 0, let shortage = settings.configuration.shortage(of: sentences, "captions") { throw shortage }
      return (data, ranks.isFirst ? try embed(data) : [])
    }
    let files = try CanonicalJSON.decode(
      [String].self, from: ranks.broadcast(CanonicalJSON.bytes(made)), source: "rank 0")
    (settings.captions, settings.validationCaptions) = (data.train, data.validation)
    settings.embeddings = files[0].isEmpty ? nil : files[0]
    settings.validationEmbeddings = files[1].isEmpty ? nil : files[1]
    if embeddings == nil, !(files[0] + files[1]).isEmpty {
      settings.metadata[CaptionModel.encoderKey] = try stage.encoderIdentity()
    }
    return settings
  }

  /// The files of training and validation embeddings: those that are named, otherwise made from the shards; an empty
  /// path for none.
  private func embed(_ data: CaptionData) throws -> [String] {
    func file(_ named: String?, _ split: Split, isWanted: Bool) throws -> String {
      if let named { return named }
      guard embeddings == nil, isWanted else { return "" }
      return try stage.file(
        [shards ?? CaptionData.usualShards], split: split, workspace: common.workspace, explains: common.reasons.explain
      )
    }
    // When training on text alone, an encoder is needed only to validate on audio clips.
    let listens = texts.fromText == nil || stage.encoder.isGiven
    return [
      try file(embeddings, .train, isWanted: texts.fromText == nil),
      try file(validationEmbeddings, .validation, isWanted: listens && data.hasValidationShards),
    ]
  }
}

/// Captions by clip id, for training and validation.
struct CaptionData {
  private(set) var train: [String: [String]] = [:]
  private(set) var validation: [String: [String]] = [:]
  /// Whether the shards hold validation clips.
  private(set) var hasValidationShards = false

  /// The value that means no shards.
  static let noShards = "none"
  static let usualShards = "shards"

  /// - Parameters:
  ///   - named: `noShards` when the table's splits decide; nil takes the default directory, if it exists.
  ///   - table: nil takes the captions from the shards' records.
  init(shards named: String?, table: String?) throws {
    let table = try table.map { try CaptionTable(path: $0) }
    let shards = named ?? Self.usualShards
    guard shards != Self.noShards, named != nil || table == nil || Files.isDirectory(shards) else {
      guard let table else {
        throw Failure(
          "caption.data", "there are no captions", on: "--shards \(Self.noShards)", expected: "--captions FILE",
          exit: .usage)
      }
      // Without splits, the two files of embeddings decide which clips are which.
      if table.rows.allSatisfy({ $0.split == nil }) {
        for row in table.rows { (train[row.id], validation[row.id]) = (row.captions, row.captions) }
        return
      }
      for row in table.rows where row.split != .test {
        if row.split == .validation { validation[row.id] = row.captions } else { train[row.id] = row.captions }
      }
      return
    }
    let set = try TrainingSet(directory: shards)
    hasValidationShards = set.splits.contains(.validation)
    for split in [Split.train, .validation] where set.splits.contains(split) {
      let clips = try ShardClips(set.samples(split))
      for (clip, id) in clips.ids.enumerated() {
        let sentences = try table.map { $0.captions(of: id) } ?? clips.captions(clip)
        if split == .train { train[id] = sentences } else { validation[id] = sentences }
      }
    }
  }
}

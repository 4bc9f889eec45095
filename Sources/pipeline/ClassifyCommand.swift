import ArgumentParser
import Basics
import Evaluate
import Foundation

struct ClassifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "classify",
    abstract: "What are frozen embeddings worth to a classifier, beside an untrained network and a floor without one?",
    discussion: """
      The data is a directory with a subdirectory for each class, or a table with a heading (file,label,fold or split).
      Patterns are searched in the file's name; one with a slash in it, in the path below the directory.
      """
        + "\n\n"
        + examples(
          "pipeline evaluate classify --data esc50/audio --label-pattern=\"-([0-9]+)[.]wav\"",
          "pipeline evaluate classify --data audio/ --rows probe,supervised"))

  @Option(help: .value("directory|table", "A directory or a table with audio and labels.")) var data: String
  @Option(help: .value("regex", "A regular expression whose group in the file's name is the fold.")) var foldPattern:
    String?
  @Option(help: .value("column", "The table's column with folds.")) var folds: String?
  @Option(
    help: .value(
      "fold", "Test on this fold alone and learn from the others; several are one test set. (default: each in turn)"))
  var testFold: [String] = []
  @Option(help: .value("row,…", "probe, untrained, log-mel and supervised, with commas between.")) var rows =
    "probe,untrained,log-mel"
  @Option(
    help: .value(
      "name=path",
      "NAME=PATH: embeddings of another system (.npz with embedding, .npy, .safetensors), pooled over time."))
  var features: [String] = []
  @Option(help: .value("share,…", "Also learn from these shares of the labels, such as 0.01,0.05,0.1,0.5."))
  var labelFraction: String?
  @Option(help: .value("count", "Seeds that scores are spread over.")) var seeds = 3
  @Option(help: .value("count", "The same for the supervised network.")) var supervisedSeeds = 1
  @Option(help: .value("count", "Epochs of the supervised network.")) var supervisedEpochs = 40
  @Option(help: .value("data set", "Show published scores of this data set beside: vggsound.")) var published: String?
  @Option(
    help: .value("directory", "Training shards, to warn of clips that were trained on. (default: shards, where it is)"))
  var shards: String?
  @Option(help: .value("file", "Write features, targets, shares and scores as safetensors, for outside judges."))
  var save: String?
  @OptionGroup(title: "LABELS") var labels: LabelOptions
  @OptionGroup(title: "WEIGHTS, SCORES, MACHINE") var options: EvaluationOptions
  @OptionGroup(title: "GENERAL") var common: WorkspaceOptions

  func run() throws {
    common.begin()
    let job = ClassifyJob(try settings(), options.place)
    if common.dryRun {
      let (clips, leftOut) = try job.plan()
      return Console.say("would classify \(clips) clips; \(leftOut) cannot be used")
    }
    try EvaluationReport.show(job.run)
  }

  private func settings() throws -> ClassifySettings {
    var settings = ClassifySettings()
    settings.data = data
    settings.reading = labels.reading
    (settings.reading.foldPattern, settings.reading.foldColumn) = (foldPattern, folds)
    if foldPattern != nil, folds != nil {
      throw Failure("usage.folds", "--fold-pattern and --folds both say where folds are", exit: .usage)
    }
    settings.testFolds = testFold
    settings.rows = try ClassifySettings.Row.list(rows)
    settings.features = try features.map { try NamedPath($0, flag: "--features") }.map {
      ($0.name, $0.path)
    }
    settings.labelFractions = try (labelFraction?.split(separator: ",") ?? []).map { text in
      guard let share = Double(text), share > 0, share <= 1 else {
        throw Failure(
          "usage.fraction", "a share of the labels lies over 0 and at most at 1", on: "--label-fraction",
          found: String(text), exit: .usage)
      }
      return share
    }
    let names = settings.rows.map(\.rawValue) + settings.features.map(\.name)
    guard !names.isEmpty, Set(names).count == names.count else {
      throw Failure("usage.rows", "rows need names of their own", found: names.joined(separator: ", "), exit: .usage)
    }
    settings.seeds = try positive("--seeds", seeds) ?? 1
    settings.supervisedSeeds = try positive("--supervised-seeds", supervisedSeeds) ?? 1
    settings.supervised.epochs = try positive("--supervised-epochs", supervisedEpochs) ?? 1
    settings.published = published
    settings.trainingShards = EvaluationOptions.trainingShards(shards)
    settings.save = save
    (settings.threads, settings.jobs) = (max(1, options.threads), max(1, options.jobs))
    settings.workerCommand = try options.decoding.launch()
    return settings
  }
}

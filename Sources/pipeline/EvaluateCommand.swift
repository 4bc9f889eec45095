import ArgumentParser
import Basics
import Evaluate
import Evaluation
import Foundation

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "How good are the weights?",
    subcommands: [
      ClassifyCommand.self, RetrieveCommand.self, ZeroShotCommand.self,
      CaptionEvaluationCommand.self,
    ])
}

/// Which student is evaluated, where the scores go, and how much of the machine is used.
struct EvaluationOptions: ParsableArguments {
  @OptionGroup var encoder: EncoderOptions
  @Option(help: .value("file", "Keep the scores here. (default: evaluation.json in the run's directory)")) var out:
    String?
  @Option(help: .value("file", "The same in Markdown. (default: beside the JSON)")) var markdown: String?
  @Option(help: .value("count", "Threads; no score depends on it.")) var threads = Machine.processors
  @Option(help: .value("count", "Decode workers; no score depends on it.")) var jobs = Machine.processors
  @OptionGroup(title: "DECODING") var decoding: DecodingOptions

  var place: EvaluationPlace {
    var place = EvaluationPlace()
    (place.weights, place.run, place.out, place.markdown) = (encoder.weights, encoder.runName, out, markdown)
    return place
  }

  /// The shards to search for evaluation clips: those that are named, otherwise the default ones if they exist.
  static func trainingShards(_ named: String?) -> String? {
    named ?? (Files.isDirectory("shards") ? "shards" : nil)
  }
}

/// Prints an evaluation, for people or as JSON.
enum EvaluationReport {
  /// Runs an evaluation and prints what it reports; says at once that something is done.
  static func show(_ run: (@escaping (EvaluationEvent) -> Void) throws -> Void) throws {
    Progress.begin("reading the clips and the weights")
    try run { show($0) }
  }

  static func show(_ event: EvaluationEvent) {
    switch event {
    case .working(let progress): Progress.show(progress)
    case .note(let text): Console.note(text)
    case .scored(let record):
      CommandHistory.note(run: record.run)
      show(record)
    case .kept(let files):
      Console.note(
        files.isEmpty
          ? "these weights belong to no run here, so the scores are not kept: --out FILE.json keeps them"
          : "written: \(files.joined(separator: ", "))")
    }
  }

  private static func show(_ record: EvaluationRecord) {
    for warning in record.warnings + (record.headline?.cautions ?? []) { Console.warn(warning) }
    Console.say("\(record.kind): \(EvaluationText.subject(record))")
    for table in record.tables { show(EvaluationText.cells(table)) }
    if let curve = record.curve {
      show(EvaluationText.cells(curve))
      if let text = EvaluationText.crossing(curve) { Console.say(text) }
    }
    for row in record.tables.flatMap(\.rows) {
      if let source = row.source { Console.say("\(row.name): published in \(source)") }
    }
    for line in record.notComputed ?? [] { Console.note("not computed: \(line)") }
    if !record.data.leftOut.isEmpty {
      Console.note("not used: \(record.data.leftOut.count); \(record.data.leftOut.prefix(3).joined(separator: "; "))")
    }
    guard Console.isJSON, let bytes = try? CanonicalJSON.bytes(record),
      let object = try? JSONSerialization.jsonObject(with: Data(bytes))
    else { return }
    Console.event("evaluation", ["record": object])
  }

  private static func show(_ rows: [[String]]) {
    var table = Table()
    for row in rows.dropFirst() { table.add(row: row) }
    if let heading = rows.first { table.addHeading(row: heading) }
    Console.say(table)
  }
}

/// How labels and folds are found in directories and tables.
struct LabelOptions: ParsableArguments {
  @Option(help: .value("directory", "The directory of a table's files. (default: the table's)")) var audio: String?
  @Option(
    help: .value(
      "regex", "A regular expression whose group in the file's name is the label. (default: the subdirectory)"))
  var labelPattern: String?
  @Option(help: .value("column", "The table's column with labels.")) var labelColumn: String?
  @Option(help: .value("text", "What stands between several labels of one clip in a table.")) var labelSeparator = ";"

  var reading: EvaluationClips.Reading {
    var reading = EvaluationClips.Reading()
    (reading.audio, reading.labelPattern, reading.labelColumn) = (audio, labelPattern, labelColumn)
    reading.separator = labelSeparator
    return reading
  }
}

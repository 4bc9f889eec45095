import Basics
import Distillation
import Foundation
import Report

/// A run as it lies on disk: what it is, and how it went.
package struct RunFolder {
  package let folder: String
  package let description: TrainingRun.Description
  package let lines: [MetricsLog.Line]

  package init(_ folder: String) throws {
    self.folder = folder
    let path = "\(folder)/run.json"
    description = try CanonicalJSON.decode(
      TrainingRun.Description.self, from: try Files.read(path, limit: 1 << 20), source: path)
    lines = MetricsLog.lines("\(folder)/metrics.jsonl")
  }

  /// Every run below a folder, by name; what is no run is passed over.
  package static func all(_ runs: String) -> [RunFolder] {
    let names = (try? Files.names(in: runs)) ?? []
    return names.compactMap { Files.exists("\(runs)/\($0)/run.json") ? try? RunFolder("\(runs)/\($0)") : nil }
  }

  /// - Parameter name: of a run, or its folder.
  package static func named(_ name: String, in runs: String) throws -> RunFolder {
    if Files.exists("\(runs)/\(name)/run.json") { return try RunFolder("\(runs)/\(name)") }
    if Files.exists("\(name)/run.json") { return try RunFolder(name) }
    throw Failure.unknownRun(name, known: all(runs).map(\.description.name))
  }

  var steps: [MetricsLog.Line] { lines.filter { $0.kind == "step" } }
  var epochs: [MetricsLog.Line] { lines.filter { $0.kind == "epoch" } }
  var checkpoints: CheckpointFolder { CheckpointFolder(existing: "\(folder)/checkpoints") }

  /// Curves by name: what is plotted in one picture has one key.
  func curves(named name: String?) -> [(title: String, y: String, lines: [LinePlot.Line])] {
    let label = { (text: String) in name.map { text.isEmpty ? $0 : "\($0), \(text)" } ?? text }
    var loss = [LinePlot.Line(label("training"), steps.map { .init(Double($0.step), $0.loss) })]
    let validation = epochs.compactMap { line in line.validationLoss.map { LinePlot.Point(Double(line.step), $0) } }
    if !validation.isEmpty { loss.append(LinePlot.Line(label("validation"), validation)) }
    let rate = LinePlot.Line(label("rate"), steps.map { .init(Double($0.step), $0.learningRate) })
    let names = Set(steps.flatMap { ($0.temperatures ?? [:]).keys }).sorted()
    let temperatures = names.map { key in
      LinePlot.Line(
        label(key), steps.compactMap { line in line.temperatures?[key].map { .init(Double(line.step), $0) } })
    }
    let norms = LinePlot.Line(
      label("gradient"), steps.compactMap { line in line.gradientNorm.map { .init(Double(line.step), $0) } })
    let speeds = LinePlot.Line(
      label("speed"), steps.compactMap { line in line.samplesPerSecond.map { .init(Double(line.step), $0) } })
    return [
      ("Loss", "loss", loss), ("Learning rate", "rate", [rate]), ("Temperature", "ln of the factor", temperatures),
      ("Length of the gradient", "norm", [norms]), ("Speed", "clips/s", [speeds]),
    ]
  }

  func plots(named name: String?) -> [LinePlot] {
    curves(named: name).map { LinePlot(title: $0.title, x: "step", y: $0.y, lines: $0.lines) }
  }

  /// What trains this run again.
  var command: String {
    var words = ["pipeline", "distill"] + Self.words(description.configuration)
    if let isa = description.toolchain["isa"] { words += ["--isa", isa] }
    if let step = lines.last?.step { words += ["--steps", "\(step)", "--epochs", "\((lines.last?.epoch ?? 0) + 1)"] }
    if description.configuration.initialWeights != nil { words += ["--init", "WEIGHTS"] }
    return CommandLog.quoted(words)
  }

  /// The flags of `distill` that give a configuration: always those that most runs differ in, and of the others what is not the
  /// default. The weights that training starts from are not named: their file's name is not known.
  static func words(_ c: TrainingConfiguration) -> [String] {
    var words = [
      "--loss", c.loss, "--normalization", c.normalization.rawValue, "--batch-size", "\(c.batchSize)",
      "--learning-rate", "\(c.learningRate)", "--schedule", c.schedule, "--schedule-epochs", "\(c.scheduleEpochs)",
      "--patience", c.patience.map { "\($0)" } ?? "none", "--seed", "\(c.seed)",
    ]
    let usual = TrainingConfiguration()
    func add<T: Equatable>(_ flag: String, _ value: T?, unless other: T?) {
      if let value, value != other { words += [flag, "\(value)"] }
    }
    add("--precision", c.precision, unless: usual.precision)
    let (augmentation, plain) = (c.augmentation, usual.augmentation)
    add("--crop", augmentation.cropSeconds, unless: plain.cropSeconds)
    add("--gain", augmentation.gainDecibels, unless: plain.gainDecibels)
    add("--spec-augment", augmentation.spectrogramMasks, unless: plain.spectrogramMasks)
    add("--mixup", augmentation.mixup, unless: plain.mixup)
    let (optimizer, simple) = (c.optimizer, usual.optimizer)
    add("--warm-up", optimizer.warmUpSteps, unless: simple.warmUpSteps)
    add("--weight-decay", optimizer.weightDecay, unless: simple.weightDecay)
    add("--clip-gradient", optimizer.gradientLimit, unless: simple.gradientLimit)
    add("--ema", optimizer.averageDecay, unless: simple.averageDecay)
    add("--clamp-temperature", optimizer.temperatureLimit, unless: simple.temperatureLimit)
    if c.shuffleTeacher { words.append("--shuffle-teacher") }
    return words
  }
}

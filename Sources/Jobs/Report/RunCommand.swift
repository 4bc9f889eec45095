import Basics
import Runs
import Training

extension RunDirectory {
  /// The command that trains this run again.
  var command: String {
    var words = ["pipeline", "distill"] + Self.words(description.configuration)
    if let isa = description.toolchain["isa"] { words += ["--isa", isa] }
    if let step = lines.last?.step { words += ["--steps", "\(step)", "--epochs", "\((lines.last?.epoch ?? 0) + 1)"] }
    if let parent = description.parent {
      words += ["--init", parent.reference]
    } else if description.configuration.initialWeights != nil {
      words += ["--init", "WEIGHTS"]
    }
    return ShellCommand.text(words)
  }

  /// The flags of `distill` for a configuration: always those in which most runs differ, and the others when they are
  /// not the default. The initial weights are not included, because the name of their file is not known.
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

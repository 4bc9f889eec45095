// The settings of `distill`. Each is declared once: an option is the flag, the key of the pipeline file, the default
// and the help text; `settings` says where the value goes.

import ArgumentParser
import Audio
import Basics
import Distill
import Kernels
import Networks
import Runs
import Training

struct DistillOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What to call the run, beside its identity: wherever a run is named, this or the beginning of it will do.",
      valueName: "name"))
  var name: String?
  @OptionGroup(title: "DATA") var data: DataOptions
  @OptionGroup(title: "MODEL AND LOSS") var model: ModelOptions
  @OptionGroup(title: "LENGTH") var length: LengthOptions
  @OptionGroup(title: "OPTIMIZER") var optimizer: OptimizerOptions
  @OptionGroup(title: "AUGMENTATION") var augmentation: AugmentationOptions
  @OptionGroup(title: "MACHINE") var machine: MachineOptions

  /// Checks that every name is a known one.
  func check() throws {
    if let name { try RunName.check(name) }
    var settings = DistillSettings()
    try model.apply(to: &settings)
    try optimizer.apply(to: &settings.configuration)
  }

  /// - Throws: for an unknown name, and for an instruction set that this CPU does not support.
  func settings(workspace: String) throws -> DistillSettings {
    var settings = DistillSettings()
    (settings.workspace, settings.name) = (workspace, name)
    data.apply(to: &settings)
    try model.apply(to: &settings)
    length.apply(to: &settings)
    try optimizer.apply(to: &settings.configuration)
    augmentation.apply(to: &settings.configuration.augmentation)
    try machine.apply(to: &settings)
    return settings
  }
}

private let defaults = DistillSettings()

struct DataOptions: ParsableArguments {
  @Option(help: .value("directory", "Directory with training shards.")) var shards = defaults.shards
  @Flag(help: "Control: pair each clip's audio with another clip's teacher rows. Scores must end at chance.")
  var shuffleTeacher = false

  func apply(to settings: inout DistillSettings) {
    settings.shards = shards
    settings.configuration.shuffleTeacher = shuffleTeacher
  }
}

struct ModelOptions: ParsableArguments {
  @Option(help: .value("architecture", "Audio encoder: \(builtInArchitectures.map(\.name).joined(separator: " or "))."))
  var encoder = Architecture.standard.name
  @Option(help: .value("name", "Loss: \(builtInLosses.map { $0.name }.joined(separator: ", "))."))
  var loss = defaults.configuration.loss
  @Option(
    help: .value("clip|batch", "Normalize spectrograms over each clip, or over the batch as the reference does."))
  var normalization = defaults.configuration.normalization
  @Option(
    name: .customLong("init"),
    help: .value(
      "file|run|last", "Start from a weight file, from a run (NAME or NAME:STEP), or from the run trained last (last).")
  )
  var initial: String?
  @Option(
    help: .value(
      "numbers",
      """
      float32; mixed: bfloat16 products in convolutions of stride 2 and in weight gradients; \
      mixed-winograd: bfloat16 products in all convolutions.
      """))
  var precision = defaults.configuration.precision

  func apply(to settings: inout DistillSettings) throws {
    settings.configuration.encoder = try Architecture.named(encoder).label
    _ = try Training.loss(named: loss)
    settings.configuration.loss = loss
    settings.configuration.normalization = normalization
    settings.initial = initial
    _ = try Precision(named: precision)
    settings.configuration.precision = precision
  }
}

struct LengthOptions: ParsableArguments {
  @Option(help: .value("count", "Stop after this many epochs.")) var epochs = defaults.limits.epochs
  @Option(help: .value("count", "Stop after this many steps.")) var steps: Int?
  @Option(help: .value("hours", "Stop after this many hours.")) var maxHours: Double?
  @Option(help: .value("epochs", "Stop after this many epochs without a better validation loss; none: never."))
  var patience = CountOrNone(defaults.configuration.patience)
  @Option(
    help: .value("steps|minutes", "Save a checkpoint every so many steps (50) or minutes (10m)."))
  var checkpointEvery = defaults.limits.checkpointEvery

  func validate() throws {
    try check("--epochs", epochs, 1...)
    try check("--steps", steps, 1...)
    try check(positive: "--max-hours", maxHours)
  }

  func apply(to settings: inout DistillSettings) {
    (settings.limits.epochs, settings.limits.steps, settings.limits.hours) = (epochs, steps, maxHours)
    settings.limits.checkpointEvery = checkpointEvery
    settings.configuration.patience = patience.count
  }
}

struct OptimizerOptions: ParsableArguments {
  @Option(help: .value("clips", "Clips in a batch.")) var batchSize = defaults.configuration.batchSize
  @Option(help: .value("rate", "Learning rate.")) var learningRate = defaults.configuration.learningRate
  @Option(help: .value("name", "Learning rate schedule: \(builtInSchedules.map { $0.name }.joined(separator: ", "))."))
  var schedule = defaults.configuration.schedule
  @Option(help: .value("epochs", "Epochs over which a schedule with an end runs."))
  var scheduleEpochs = defaults.configuration.scheduleEpochs
  @Option(help: .value("steps", "Steps over which the learning rate grows from zero."))
  var warmUp = defaults.configuration.optimizer.warmUpSteps
  @Option(help: .value("factor", "AdamW's weight decay of matrices and convolution kernels."))
  var weightDecay = defaults.configuration.optimizer.weightDecay
  @Option(help: .value("norm", "Clip the global gradient norm to this.")) var clipGradient: Double?
  @Option(help: .value("factor", "Clamp the loss's logit scales to this; CLIP has 100."))
  var clampTemperature: Double?
  @Option(
    help: .value(
      "decay", "Keep an exponential moving average of the weights with this decay, say 0.999. `export --ema` writes it."
    ))
  var ema: Double?
  @Option(help: .value("number", "Seed of initial weights, clip order and dropout.")) var seed = defaults.configuration
    .seed

  func validate() throws {
    try check("--batch-size", batchSize, 2...)
    try check(positive: "--learning-rate", learningRate)
    try check("--schedule-epochs", scheduleEpochs, 1...)
    try check("--warm-up", warmUp, 0...)
    try check("--weight-decay", weightDecay, 0...1)
    try check("--clip-gradient", clipGradient, 1e-6...1e6)
    try check("--clamp-temperature", clampTemperature, 1...1e6)
    try check("--ema", ema, 0...0.999_999)
  }

  func apply(to configuration: inout TrainingConfiguration) throws {
    (configuration.batchSize, configuration.learningRate, configuration.seed) = (batchSize, learningRate, seed)
    _ = try Training.schedule(named: schedule)
    (configuration.schedule, configuration.scheduleEpochs) = (schedule, scheduleEpochs)
    configuration.optimizer.warmUpSteps = warmUp
    configuration.optimizer.weightDecay = weightDecay
    configuration.optimizer.gradientLimit = clipGradient
    configuration.optimizer.temperatureLimit = clampTemperature
    configuration.optimizer.averageDecay = ema
  }
}

struct AugmentationOptions: ParsableArguments {
  @Option(
    help: .value("seconds", "Train on random crops of this many seconds, audio and teacher rows alike."))
  var crop: Double?
  @Option(help: .value("decibels", "Change the volume at random by up to this many decibels."))
  var gain = defaults.configuration.augmentation.gainDecibels
  @Option(help: .value("count", "Mask this many frequency bands and time spans (SpecAugment)."))
  var specAugment = defaults.configuration.augmentation.spectrogramMasks
  @Option(help: .value("share", "Mix this share of clips with another clip of the batch."))
  var mixup = defaults.configuration.augmentation.mixup

  func validate() throws {
    try check("--crop", crop, 0.1...10)
    try check("--gain", gain, 0...60)
    try check("--spec-augment", specAugment, 0...16)
    try check("--mixup", mixup, 0...1)
  }

  func apply(to augmentation: inout Augmentation) {
    (augmentation.cropSeconds, augmentation.gainDecibels) = (crop, gain)
    (augmentation.spectrogramMasks, augmentation.mixup) = (specAugment, mixup)
  }
}

struct MachineOptions: ParsableArguments {
  @OptionGroup var isa: InstructionSetOption
  @Option(
    help: .value(
      "count",
      """
      Threads of each process. The weights do not depend on it. (default: the processors that it may use, divided among \
      ranks that share them)
      """))
  var threads: Int?

  func validate() throws { try check("--threads", threads, 1...) }

  func apply(to settings: inout DistillSettings) throws {
    settings.instructionSet = try isa.chosen()
    settings.threads = threads ?? defaults.threads
  }
}

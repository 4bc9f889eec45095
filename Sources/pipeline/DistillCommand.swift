import ArgumentParser
import Audio
import Basics
import Distill
import Flow
import Foundation
import Kernels
import Networks
import Runs
import Training

struct DistillOptions: ParsableArguments {
  @Option(help: "Training shards.") var shards: String?
  @Option(help: "The audio encoder: resnet18 (default) or resnet34.") var encoder: String?
  @Option(help: "cx, clip or clip-image.") var loss: String?
  @Option(help: "Normalise spectrograms over the clip, or over the batch as the reference does.") var normalization:
    String?
  @Option(help: "Stop after so many epochs.") var epochs: Int?
  @Option(help: "Stop after so many steps.") var steps: Int?
  @Option(help: "Stop after so many hours.") var maxHours: Double?
  @Option(help: "Clips in a batch.") var batchSize: Int?
  @Option(help: "Adam's rate.") var learningRate: Double?
  @Option(help: "plateau, cosine or constant.") var schedule: String?
  @Option(help: "Epochs over which a schedule with an end runs.") var scheduleEpochs: Int?
  @Option(help: "Epochs without a better validation loss before training ends; none for never.") var patience: String?
  @Option(
    help:
      "float32; mixed: bfloat16 products with stride 2 and in weights' gradients; mixed-winograd: in all convolutions.")
  var precision: String?
  @Option(help: "avx512, avx2 or portable; default: the best this CPU has.") var isa: String?
  @Option(help: "Threads; the weights do not depend on it.") var threads: Int?
  @Option(help: "Seed of weights, order and dropout.") var seed: UInt64?
  @Option(name: .customLong("init"), help: "Start from these weights.") var initial: String?
  @Option(help: "How often to save: steps (50) or minutes (10m).") var checkpointEvery: String?
  @Flag(help: "Discard the checkpoints of this same run first.") var fresh = false
  @Option(help: "Train on random crops of so many seconds, of sound and of teacher rows.") var crop: Double?
  @Option(help: "Make sounds louder or softer by up to so many decibels.") var gain: Double?
  @Option(help: "Mask so many bands of frequencies and of times (SpecAugment).") var specAugment: Int?
  @Option(help: "Mix this share of clips with another of the batch.") var mixup: Double?
  @Option(help: "Let the rate grow over so many steps.") var warmUp: Int?
  @Option(help: "AdamW's decay of matrices and kernels.") var weightDecay: Double?
  @Option(help: "Shorten gradients to this length.") var clipGradient: Double?
  @Option(help: "Keep a moving average of the weights with this decay, say 0.999; export --ema writes it.") var ema:
    Double?
  @Option(help: "Keep the temperatures' factors at most this; CLIP has 100.") var clampTemperature: Double?
  @Flag(help: "Print what each layer and pass costs.") var profile = false
  @Flag(help: "Pair sounds with the vectors of other clips: a control that must end at chance.") var shuffleTeacher =
    false

  func settings(common: CommonOptions, file: PipelineFile?) throws -> DistillSettings {
    var settings = DistillSettings()
    let text = { (given: String?, key: String) in given ?? file?.text("distill", key) }
    settings.workspace = common.workspace
    settings.shards = text(shards, "shards") ?? settings.shards
    settings.configuration = try configuration(file, text)
    settings.limits.epochs =
      try positive("--epochs", epochs ?? file?.value("distill", "epochs")) ?? settings.limits.epochs
    settings.limits.steps = try positive("--steps", steps ?? file?.value("distill", "steps"))
    settings.limits.hours = try maxHours ?? file?.value("distill", "max-hours")
    settings.limits.checkpointEvery =
      try parsed("--checkpoint-every", text(checkpointEvery, "checkpoint-every"), CheckpointInterval.init)
      ?? settings.limits.checkpointEvery
    settings.threads = try positive("--threads", threads ?? file?.value("distill", "threads")) ?? settings.threads
    settings.instructionSet =
      try parsed("--isa", text(isa, "isa")) { name in InstructionSet.allCases.first { $0.name == name } } ?? .best
    if settings.instructionSet > .best {
      throw Failure(
        "isa.absent", "this CPU does not have the instruction set", on: settings.instructionSet.name,
        expected: "at most \(InstructionSet.best.name)", exit: .usage)
    }
    settings.initial = text(initial, "init")
    settings.fresh = fresh
    return settings
  }

  private func configuration(_ file: PipelineFile?, _ text: (String?, String) -> String?) throws
    -> TrainingConfiguration
  {
    var configuration = TrainingConfiguration()
    configuration.encoder = try Architecture.named(text(encoder, "encoder")).label
    configuration.loss = text(loss, "loss") ?? configuration.loss
    _ = try Training.loss(named: configuration.loss)
    configuration.normalization =
      try parsed("--normalization", text(normalization, "normalization"), NormalizationScope.init)
      ?? configuration.normalization
    configuration.batchSize =
      try positive("--batch-size", batchSize ?? file?.value("distill", "batch-size")) ?? configuration.batchSize
    configuration.learningRate =
      try learningRate ?? file?.value("distill", "learning-rate") ?? configuration.learningRate
    guard configuration.learningRate > 0, configuration.learningRate.isFinite else {
      throw Failure(
        "usage.value", "a rate over 0 is wanted", on: "--learning-rate", found: "\(configuration.learningRate)",
        exit: .usage)
    }
    configuration.schedule = text(schedule, "schedule") ?? configuration.schedule
    _ = try Training.schedule(named: configuration.schedule)
    configuration.scheduleEpochs =
      try positive("--schedule-epochs", scheduleEpochs ?? file?.value("distill", "schedule-epochs"))
      ?? configuration.scheduleEpochs
    if let patience = text(patience, "patience") {
      configuration.patience =
        patience == "none" ? nil : try positive("--patience", parsed("--patience", patience) { Int($0) })
    }
    configuration.seed = try seed ?? file?.value("distill", "seed") ?? configuration.seed
    configuration.precision = text(precision, "precision") ?? configuration.precision
    try DistillSettings.check(precision: configuration.precision)
    configuration.augmentation = try augmentation(file)
    configuration.optimizer = try optimizer(file)
    configuration.shuffleTeacher = try shuffleTeacher || (file?.value("distill", "shuffle-teacher") ?? false)
    return configuration
  }
}

extension DistillOptions {
  private func number(_ flag: String, _ given: Double?, _ file: PipelineFile?, in range: ClosedRange<Double>) throws
    -> Double?
  {
    guard let value = try given ?? file?.value("distill", flag) else { return nil }
    guard range.contains(value) else {
      throw Failure(
        "usage.value", "the value is out of range", on: "--\(flag)", found: "\(value)",
        expected: "\(range.lowerBound) to \(range.upperBound)", exit: .usage)
    }
    return value
  }

  fileprivate func augmentation(_ file: PipelineFile?) throws -> Augmentation {
    var result = Augmentation()
    result.cropSeconds = try number("crop", crop, file, in: 0.1...10)
    result.gainDecibels = try number("gain", gain, file, in: 0...60) ?? 0
    result.spectrogramMasks = Int(try number("spec-augment", specAugment.map(Double.init), file, in: 0...16) ?? 0)
    result.mixup = try number("mixup", mixup, file, in: 0...1) ?? 0
    return result
  }

  fileprivate func optimizer(_ file: PipelineFile?) throws -> OptimizerSettings {
    var result = OptimizerSettings()
    result.warmUpSteps = Int(try number("warm-up", warmUp.map(Double.init), file, in: 0...1e9) ?? 0)
    result.weightDecay = try number("weight-decay", weightDecay, file, in: 0...1) ?? 0
    result.gradientLimit = try number("clip-gradient", clipGradient, file, in: 1e-6...1e6)
    result.averageDecay = try number("ema", ema, file, in: 0...0.999999)
    result.temperatureLimit = try number("clamp-temperature", clampTemperature, file, in: 1...1e6)
    return result
  }
}

struct DistillCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "distill", abstract: "Train the audio encoder on training shards; goes on where it was stopped.")

  @OptionGroup var options: DistillOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    let file = try common.begin()
    let settings = try options.settings(common: common, file: file)
    if common.dryRun {
      _ = try DistillReport.plan(DistillJob(settings))
    } else {
      try DistillReport(settings).run(profiles: options.profile)
    }
  }
}

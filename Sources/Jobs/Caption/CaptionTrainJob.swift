import Basics
import Foundation
import Kernels
import Models
import Networks
import Ranks
import Training

/// Trains a captioner, or goes on where it was stopped, and writes the best one to a file.
///
/// A training's folder is named by what its weights depend on: recipe, data and toolchain.
package struct CaptionTrainJob {
  package enum Event {
    case began(name: String, sentences: Int, sounds: Int, validation: Int, vocabulary: Int, parameters: Int)
    case note(String)
    case training(Trainer.Event)
    case written(path: String, bytes: Int, digest: Digest)
  }

  package let settings: CaptionTrainSettings
  private let score: CaptionTask.Score

  /// - Parameter score: of captions against what was said of their sounds; gives CIDEr-D, and what else is recorded.
  package init(_ settings: CaptionTrainSettings, score: @escaping CaptionTask.Score) {
    (self.settings, self.score) = (settings, score)
  }

  /// - Throws: `caption.…`; `ranks.differ` where ranks have other settings, data or another program.
  package func run(ranks: RankGroup = .alone, _ events: @escaping (Event) -> Void) throws {
    let data = try ranks.together { try CaptionTrainingData(settings) }
    let recipe = try recipe(data)
    let backend = FastBackend(settings.instructionSet)
    let (identity, description) = try identity(recipe, data, backend)
    try agree(identity, ranks)
    let name = String(identity.hex.prefix(12))
    let folder = "\(settings.folder)/\(name)"
    if ranks.isFirst {
      events(
        .began(
          name: name, sentences: data.train.ids.count, sounds: data.train.sounds.count,
          validation: data.validation?.sounds.count ?? 0, vocabulary: data.vocabulary.count,
          parameters: recipe.decoder.parameters.reduce(0) { $0 + $1.count }))
      if data.cut > 0 {
        events(.note("\(data.cut) captions have more than \(recipe.decoder.mostTokens - 1) tokens and were cut"))
      }
      if data.uncaptioned > 0 { events(.note("\(data.uncaptioned) clips have no caption and are not used")) }
      if data.validation == nil {
        events(.note("no validation clips: training does not stop early, and the last weights are written"))
      }
    }
    let lock = try ranks.together { try ranks.isFirst ? begin(folder, description) : nil }
    defer { withExtendedLifetime(lock) {} }
    let threads = WorkerThreads(settings.threads)
    defer { threads.stop() }
    let learner = Learner(recipe.decoder.parameters, averages: settings.configuration.optimizer.averageDecay != nil)
    let task = try CaptionTask(
      data.train, validation: data.validation, recipe, data.vocabulary, settings.configuration, learner,
      backend: backend, threads: threads, ranks: ranks, score: score)
    let trainer = try Trainer(
      settings.configuration, settings.limits, learner, task, folder: folder, ranks: ranks
    ) { event in
      if ranks.isFirst { events(.training(event)) }
    }
    try trainer.run()
    try ranks.together {
      guard ranks.isFirst else { return }
      try trainer.loadBest()
      try write(
        CaptionModel(
          recipe.decoder, data.vocabulary, learner.parameters, conditioning: data.conditioning,
          neighbors: data.neighbors, metadata: settings.metadata.merging(["training": identity.hex]) { $1 }), events)
    }
  }

  private func recipe(_ data: CaptionTrainingData) throws -> CaptionRecipe {
    var decoder = settings.decoder
    (decoder.inputs, decoder.vocabulary) = (data.train.width, data.vocabulary.count)
    if let problem = decoder.problem { throw Failure.captionDecoder(problem) }
    var recipe = CaptionRecipe(decoder)
    recipe.source = settings.texts == nil ? .sounds : .texts
    (recipe.smoothing, recipe.mixup, recipe.noise) = (settings.smoothing, settings.mixup, settings.noise)
    recipe.beams = settings.beams
    return recipe
  }

  /// What the weights are a function of, and what the folder says of it.
  private func identity(
    _ recipe: CaptionRecipe, _ data: CaptionTrainingData, _ backend: FastBackend
  ) throws -> (Digest, [UInt8]) {
    struct Identity: Encodable {
      var configuration: TrainingConfiguration
      var recipe: CaptionRecipe
      var bridge: String?
      var data: Digest
      var toolchain: [String: String]
      var version = Trainer.version
    }
    var endless = settings.configuration
    endless.patience = nil
    let identity = Identity(
      configuration: endless, recipe: recipe, bridge: settings.texts?.bridge.rawValue, data: data.digest,
      toolchain: backend.identity)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    return (Digest(of: try CanonicalJSON.bytes(identity)), Array(try encoder.encode(identity)) + [0x0A])
  }

  private func agree(_ identity: Digest, _ ranks: RankGroup) throws {
    guard !ranks.isAlone else { return }
    let program = try ranks.together { try Digest.ofFile("/proc/self/exe") }
    let (limits, patience) = (settings.limits, settings.configuration.patience)
    let own =
      "\(identity.short) by \(program.short), \(limits.epochs) epochs, \(limits.steps.map(String.init) ?? "any") steps, "
      + "patience \(patience.map(String.init) ?? "none"), validation every \(limits.validateEvery)"
    let all = try ranks.texts(Array(own.utf8)).map { String(decoding: $0, as: UTF8.self) }
    if Set(all).count > 1 { throw ranks.shared(.captionRanks(all)) }
  }

  private func begin(_ folder: String, _ description: [UInt8]) throws -> FileLock {
    try Files.makeDirectory(folder)
    let lock = try FileLock("\(folder)/lock")
    if settings.fresh { try Files.remove("\(folder)/checkpoints") }
    try Files.write(description, to: "\(folder)/captioner.json")
    return lock
  }

  private func write(_ captioner: CaptionModel, _ events: (Event) -> Void) throws {
    try Files.makeDirectory(Files.parent(settings.output))
    try captioner.write(to: settings.output)
    events(
      .written(
        path: settings.output, bytes: try Files.identity(settings.output).size,
        digest: try Digest.ofFile(settings.output)))
  }
}

import Basics
import Foundation
import Kernels
import Models
import Networks
import Ranks
import Training

/// Trains a captioner, or resumes its training, and writes the best weights to a file.
///
/// The training's directory is named after what its weights depend on: recipe, data and toolchain.
package struct CaptionTrainJob {
  package enum Event {
    case began(name: String, sentences: Int, clips: Int, validation: Int, vocabulary: Int, parameters: Int)
    case note(String)
    case training(Trainer.Event)
    case written(path: String, bytes: Int, digest: Digest)
  }

  package let settings: CaptionTrainSettings
  private let score: CaptionTask.Score

  /// - Parameter score: compares captions with the reference captions of their clips; returns CIDEr-D and other values
  ///   to record.
  package init(_ settings: CaptionTrainSettings, score: @escaping CaptionTask.Score) {
    (self.settings, self.score) = (settings, score)
  }

  /// - Throws: `caption.…`; `ranks.differ` when ranks have different settings, data or programs.
  package func run(ranks: RankGroup = .alone, _ events: @escaping (Event) -> Void) throws {
    let data = try ranks.together {
      let data = try CaptionTrainingData(settings)
      if let shortage = settings.configuration.shortage(of: data.train.ids.count, "captions") { throw shortage }
      return data
    }
    let recipe = try recipe(data)
    let backend = FastBackend(settings.instructionSet)
    let (identity, description) = try identity(recipe, data, backend)
    try RankAgreement.check(ranks) {
      try settings.configuration.values().merging(settings.limits.values) { $1 }
        .merging(["data": data.digest.short, "training": identity.short]) { $1 }
    }
    let name = String(identity.hex.prefix(12))
    let directory = "\(settings.directory)/\(name)"
    if ranks.isFirst {
      events(
        .began(
          name: name, sentences: data.train.ids.count, clips: data.train.audioClips.count,
          validation: data.validation?.audioClips.count ?? 0, vocabulary: data.vocabulary.count,
          parameters: recipe.decoder.parameters.reduce(0) { $0 + $1.count }))
      if data.cut > 0 {
        events(.note("\(data.cut) captions have more than \(recipe.decoder.mostTokens - 1) tokens and were cut"))
      }
      if data.uncaptioned > 0 { events(.note("\(data.uncaptioned) clips have no caption and are not used")) }
      if data.validation == nil {
        events(.note("no validation clips: training does not stop early, and the last weights are written"))
      }
    }
    let lock = try ranks.together { try ranks.isFirst ? begin(directory, description) : nil }
    defer { withExtendedLifetime(lock) {} }
    let threads = WorkerThreads(settings.threads)
    defer { threads.stop() }
    let learner = Learner(recipe.decoder.parameters, averages: settings.configuration.optimizer.averageDecay != nil)
    let task = try CaptionTask(
      data.train, validation: data.validation, recipe, data.vocabulary, settings.configuration, learner,
      backend: backend, threads: threads, ranks: ranks, score: score)
    let trainer = try Trainer(
      settings.configuration, settings.limits, learner, task, directory: directory, ranks: ranks
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
    recipe.source = settings.texts == nil ? .audio : .texts
    (recipe.smoothing, recipe.mixup, recipe.noise) = (settings.smoothing, settings.mixup, settings.noise)
    recipe.beams = settings.beams
    return recipe
  }

  /// The digest of everything that the weights depend on, and the description that is written to the directory.
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

  private func begin(_ directory: String, _ description: [UInt8]) throws -> FileLock {
    try Files.makeDirectory(directory)
    let lock = try FileLock("\(directory)/lock")
    if settings.fresh { try Files.remove("\(directory)/checkpoints") }
    try Files.write(description, to: "\(directory)/captioner.json")
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

import Basics
import Models
import Networks
import Runs
import Tensors
import Training

/// The weights that a run starts from: a weights file, or another run.
enum InitialWeights {
  case file(String, Digest)
  case run(RunParent, in: String)

  /// The word for the run trained last.
  static let last = "last"

  /// Part of the identity of the run that starts from them.
  var digest: Digest {
    switch self {
    case .file(_, let digest): digest
    case .run(let parent, _): parent.weights
    }
  }

  var parent: RunParent? {
    switch self {
    case .file: nil
    case .run(let parent, _): parent
    }
  }

  /// - Parameters:
  ///   - text: `last`, a file, or a run: its name or a prefix, optionally with `:STEP`; without it, the checkpoint that
  ///     `export` takes.
  ///   - isContinued: whether a run is the one that would be trained from these weights.
  /// - Throws: `init.none`, `init.unknown`, `init.encoder`; errors of reading a checkpoint or a file.
  init(
    _ text: String, runs: String, encoder: String?, isContinued: (RunDescription, RunParent) throws -> Bool
  ) throws {
    let list = RunList(runs)
    if text == Self.last {
      guard let newest = list.runs.first(where: { !$0.checkpoints.steps.isEmpty }) else {
        throw Failure.nothingToStartFrom(runs)
      }
      // When the same command is given again, a run that started from its predecessor resumes; it must not become the
      // start of a new run.
      if let parent = newest.description.parent, try isContinued(newest.description, parent) {
        self = .run(parent, in: runs)
      } else {
        self = try .run(Self.parent(newest, .best, runs, encoder), in: runs)
      }
    } else if Files.exists(text) || text.contains("/") || text.contains(".") {
      self = .file(text, try Digest.ofFile(text))
    } else {
      let (name, checkpoint) = Self.reference(text)
      let run: RunList.Run
      do { run = try list.named(name) } catch let failure as Failure where failure.code == "run.unknown" {
        throw Failure.unknownStart(text, known: list.runs.map(\.name))
      }
      self = try .run(Self.parent(run, checkpoint, runs, encoder), in: runs)
    }
  }

  /// `NAME` or `NAME:STEP`.
  private static func reference(_ text: String) -> (name: String, TrainedModel.Choice) {
    guard let colon = text.lastIndex(of: ":"), let step = Int(text[text.index(after: colon)...]), step >= 0 else {
      return (text, .best)
    }
    return (String(text[..<colon]), .step(step))
  }

  private static func parent(
    _ run: RunList.Run, _ checkpoint: TrainedModel.Choice, _ runs: String, _ encoder: String?
  ) throws -> RunParent {
    guard run.description.configuration.encoder == encoder else {
      throw Failure.otherEncoder(
        run.name, found: run.description.configuration.encoder ?? Architecture.standard.name,
        expected: encoder ?? Architecture.standard.name)
    }
    do {
      return try RunParent(TrainedModel(runs: runs, run: run.name, checkpoint: checkpoint))
    } catch var failure as Failure where failure.code == "checkpoint.missing" {
      (failure.hint, failure.exit) = ("--init \(run.name) takes the checkpoint that export takes", .usage)
      throw failure
    }
  }

  /// Replaces random weights: all of them if the model has the same parts, otherwise those of the encoder.
  /// - Throws: `init.changed` when the run no longer has the weights that were named.
  func fill(_ parameters: Parameters) throws {
    switch self {
    case .file(let path, _):
      let weights = try WeightFiles.read(path).weights
      let isWhole = parameters.layout.trainable.allSatisfy { weights[$0.name] != nil }
      try StateDictionary.load(weights, into: parameters, part: isWhole ? .all : .encoder, source: path)
    case .run(let parent, let runs):
      let weights = try Self.weights(of: parent, runs)
      let isWhole = parameters.layout.trainable.allSatisfy { weights[$0.name]?.shape == $0.shape }
      try StateDictionary.load(
        weights, into: parameters, part: isWhole ? .all : .encoder, source: "\(runs)/\(parent.name)")
    }
  }

  private static func weights(of parent: RunParent, _ runs: String) throws -> NamedTensors {
    let trained: TrainedModel
    do {
      trained = try TrainedModel(runs: runs, run: parent.name, checkpoint: .step(parent.step))
    } catch let failure as Failure {
      throw Failure.parentChanged(parent, failure.what)
    }
    let found = try RunParent(trained)
    guard found.weights == parent.weights else { throw Failure.parentChanged(parent, "weights \(found.weights.short)") }
    return try trained.weights()
  }
}

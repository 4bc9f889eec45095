import Basics
import Corpus
import Evaluation
import Foundation
import Kernels
import Models
import Networks
import Ranks
import Runs
import Shards
import StageGraph
import Tensors
import Training

/// One run, named after what its weights depend on.
final class TrainingRun {
  let settings: DistillSettings
  let description: RunDescription
  let directory: String
  let data: TrainingData
  private let origin: InitialWeights?
  /// Decisions to report.
  private(set) var notes: [String] = []
  let train: ShardClips
  /// Nil when there are no validation clips, or too few to be useful.
  let validation: ShardClips?
  private let backend: FastBackend
  /// Digests of shards that were hashed by this process.
  private let hashed: FileDigestCache.Found

  /// Opens the shards and determines which run this is. Writes nothing.
  /// - Parameter findsOrigin: whether to look up the initial weights. A rank that does not gets them from rank 0, and
  ///   does not know the run's name.
  init(_ settings: DistillSettings, findsOrigin: Bool = true) throws {
    self.settings = settings
    let set = try TrainingSet(directory: settings.shards)
    guard set.splits.contains(.train) else {
      throw Failure(
        "shards.train", "there are no shards to train on", on: settings.shards, hint: "pipeline prepare VIDEOS")
    }
    train = try ShardClips(set.samples(.train))
    // Before the run's directory exists, which later commands would take for a run.
    if let shortage = settings.configuration.shortage(of: train.ids.count) { throw shortage }
    _ = try settings.configuration.samples(ofClip: train.samples)
    let held = set.splits.contains(.validation) ? try ShardClips(set.samples(.validation)) : nil
    validation = held.flatMap { $0.ids.count >= Split.fewestValidationClips ? $0 : nil }
    if validation == nil {
      let few = held.map {
        "\(counted($0.ids.count, "validation clip")), and \(Split.fewestValidationClips) are needed"
      }
      notes.append(
        "\(few ?? "no validation clips"): no validation loss, no early stop, the rate stays, export takes the last checkpoint"
      )
    }
    let precision = try Precision(named: settings.configuration.precision)
    backend = try FastBackend(settings.instructionSet, precision: precision)
    let batch = settings.configuration.batchSize
    if batch > 0, train.ids.count > batch, train.ids.count % batch != 0 {
      notes.append(
        "batches of \(batch) leave \(train.ids.count % batch) of \(train.ids.count) training clips out of each epoch, others each time"
      )
    }
    if InstructionSet.best == .portable {
      notes.append("this CPU has neither AVX-512 nor AVX2: the same weights, much slower")
    }
    var configuration = settings.configuration
    let memo = try (try? Catalog.reader(settings.workspace)).map { try FileDigestCache($0, below: set.directory) }
    data = try TrainingData(set, train: train, validation: held, cache: memo)
    hashed = memo?.found ?? FileDigestCache.Found()
    origin = try findsOrigin ? Self.origin(settings, data, toolchain: backend.identity) : nil
    configuration.initialWeights = origin?.digest
    description = try RunDescription(configuration, data, toolchain: backend.identity, parent: origin?.parent)
    if let parent = description.parent { notes.append("starts from \(parent.text)") }
    directory = "\(settings.runs)/\(description.name)"
    if findsOrigin { try checkName() }
  }

  /// The name given by a user: the new one, otherwise the one that the run has; nil for none.
  var givenName: String? { settings.name ?? formerName }
  private var formerName: String? { RunName.read(directory) }

  /// - Throws: `run.name`, `run.taken`.
  private func checkName() throws {
    guard let name = settings.name else { return }
    try RunName.check(name, for: description.name, in: RunList(settings.runs))
    if let before = formerName, before != name {
      notes.append("the run was called \(before), and is called \(name) now")
    }
  }

  /// The step of the newest checkpoint; nil when the run has none.
  var stepsDone: Int? { CheckpointDirectory(existing: "\(directory)/checkpoints").steps.last }

  /// Trains or resumes the run, holding its lock.
  /// - Parameters:
  ///   - ranks: the ranks that train together. Only rank 0 accesses the run's directory.
  ///   - profile: filled from the second step on; the first step includes the cost of allocating memory.
  func run(_ ranks: RankGroup, profile: Profile? = nil, report: @escaping (Trainer.Event) -> Void) throws {
    let lock = try ranks.together { try ranks.isFirst ? begin() : nil }
    defer { withExtendedLifetime(lock) {} }
    let threads = WorkerThreads(settings.threads)
    defer { threads.stop() }
    let trainer = try Trainer(
      description.configuration, settings.limits, train: train, validation: validation, directory: directory,
      backend: backend, threads: threads, ranks: ranks, initialize: { [origin] in try origin?.fill($0) },
      profile: profile,
      retrieval: Self.retrieval,
      report: report)
    try ranks.together { if ranks.isFirst { try remember() } }
    try trainer.run()
  }

  /// Creates the directory and writes the run's description.
  /// - Returns: the lock on the directory.
  private func begin() throws -> FileLock {
    try Files.makeDirectory(directory)
    let lock = try FileLock("\(directory)/lock")
    if settings.fresh { try Files.remove("\(directory)/checkpoints") }
    try Files.write(try Self.pretty(description), to: "\(directory)/run.json")
    if let name = settings.name { try RunName.write(name, to: directory) }
    return lock
  }

  private static func retrieval(_ pairs: Validation.Pairs) -> [String: Double] {
    guard pairs.audioWidth == pairs.imageWidth else { return [:] }
    let (audio, images) = (
      UnitRows(pairs.audio, width: pairs.audioWidth), UnitRows(pairs.images, width: pairs.imageWidth)
    )
    let threads = WorkerThreads(1)
    defer { threads.stop() }
    var result: [String: Double] = [:]
    for (name, queries, gallery) in [
      ("audio to image", audio, images), ("image to audio", images, audio),
    ] {
      let scores = Retrieval.score(
        queries: queries, gallery: gallery, .own(Array(0..<queries.count), labels: nil), threads: threads)
      result["\(name) R@1"] = scores.recallAt1
      result["\(name) R@5"] = scores.recallAt5
      result["\(name) R@10"] = scores.recallAt10
      result["\(name) MRR"] = scores.meanReciprocalRank
    }
    return result
  }

  /// The initial weights; nil for random weights.
  private static func origin(
    _ settings: DistillSettings, _ data: TrainingData, toolchain: [String: String]
  ) throws -> InitialWeights? {
    guard let text = settings.initial else { return nil }
    let configuration = settings.configuration
    return try InitialWeights(text, runs: settings.runs, encoder: configuration.encoder) { run, parent in
      var same = configuration
      same.initialWeights = parent.weights
      return try same.identity(data: data.digest, toolchain: toolchain) == run.identity
    }
  }

  /// Marks the run as the one trained last, also when nothing is left to train: the next command is about this run.
  private func remember() throws {
    try TrainedTime.write(directory)
    let catalog = try Catalog.writer(settings.workspace)
    try hashed.save(into: catalog)
    try catalog.touch(run: description.name, detail: try CanonicalJSON.text(["folder": directory]))
  }

  private static func pretty(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    return Array(try encoder.encode(value)) + [0x0A]
  }
}

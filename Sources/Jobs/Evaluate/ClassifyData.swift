import Audio
import Basics
import Corpus
import Evaluation
import Foundation
import Kernels
import Models
import Training
import Media

/// The clips of a classification and the data of its rows: embeddings, log-mel statistics, and the audio if a network
/// is trained on it.
struct ClassifyData {
  private(set) var clips: [EvaluationClips.Clip] = []
  private(set) var targets = Targets([])
  /// For each row: one entry, or one for each seed.
  private(set) var features: [String: [FeatureRows]] = [:]
  /// 16-bit samples of each clip, at their own lengths; empty unless asked for.
  private(set) var audioClips: [[Int16]] = []
  private(set) var leftOut: [String] = []
  private(set) var notes: [String] = []
  private(set) var digest = Digest(of: "")
  private(set) var seconds: [Double] = []
  private var silent = SilentClips()

  /// Indices of clips whose audio or file the student was trained on.
  private var trainedOn: Set<Int> = []

  var names: [String] { clips.map(\.name) }

  /// A warning about silent clips.
  var silenceWarning: String? { silent.warning(of: clips.count) }

  /// A warning when the student was trained on some of these clips.
  func overlapWarning(_ indices: [Int]) -> String? {
    TrainingOverlap.warning(indices.filter(trainedOn.contains).map { clips[$0].name }, of: indices.count)
  }

  /// The most audio in seconds that the supervised baseline may keep in memory: 4 GiB.
  private static let mostSupervisedSeconds = (4 << 30) / (2 * FrontEnd.sampleRate)

  init(
    _ settings: ClassifySettings, _ student: EvaluatedModel?, threads: WorkerThreads,
    progress: WorkReport
  ) throws {
    let found = try EvaluationClips(settings.data, settings.reading)
    leftOut = found.leftOut
    notes = found.notes
    let overlap = try settings.trainingShards.map { try TrainingOverlap(shards: $0) }
    let workers = DecodeWorkers(count: settings.jobs, command: settings.workerCommand)
    let readers = WorkerThreads(settings.jobs)
    defer {
      readers.stop()
      workers.stop()
    }
    let loader = AudioLoader(.clip, workers: workers, threads: readers, findsKeys: overlap != nil)
    let sources = found.clips.map(\.audio)
    let makers = try AudioEmbeddings.makers(settings.rows, seeds: settings.seeds, student, threads)
    let keepsAudio = settings.rows.contains(.supervised)
    var values: [String: [[Float]]] = [:]
    let hasher = DigestBuilder()
    progress(WorkProgress("clips", of: sources.count))
    try loader.loadAll(sources) { first, part in
      var held: [[Float]] = []
      for (clip, loaded) in zip(found.clips[first...], part) {
        guard case .audio(let audio) = loaded else {
          leftOut.append("\(clip.name): \(loaded.reason)")
          continue
        }
        try add(clip, audio, overlap)
        held.append(audio.samples)
        hasher.update(field: clip.name)
        audio.samples.withUnsafeBytes { hasher.update($0) }
        for label in clip.labels + [clip.fold ?? "", clip.split?.rawValue ?? ""] { hasher.update(field: label) }
        if keepsAudio { audioClips.append(SixteenBit.rounded(audio.samples)) }
      }
      if keepsAudio, Int(seconds.reduce(0, +)) > Self.mostSupervisedSeconds {
        throw Failure.audioMemory(Int(seconds.reduce(0, +)), limit: Self.mostSupervisedSeconds)
      }
      for (row, make) in makers {
        for (seed, maker) in make.enumerated() {
          if values[row] == nil { values[row] = make.map { _ in [] } }
          let embeddings = try maker(held)
          try FiniteEmbeddings.check(embeddings: embeddings, of: clips.suffix(held.count).map(\.name), student)
          values[row]?[seed] += embeddings
        }
      }
      progress(WorkProgress("clips", done: first + part.count, of: sources.count))
    }
    guard !clips.isEmpty else { throw Failure.noAudio(settings.data, leftOut) }
    digest = hasher.finish()
    targets = Targets(clips.map(\.labels))
    guard targets.names.count > 1 else { throw Failure.oneClass(settings.data, targets.names.first ?? "") }
    for (row, seeds) in values { features[row] = seeds.map { FeatureRows($0, width: $0.count / clips.count) } }
    for (name, path) in settings.features { features[name] = [try FeatureFiles.read(name, path, clips: names)] }
  }

  private mutating func add(
    _ clip: EvaluationClips.Clip, _ audio: AudioLoader.Content, _ overlap: TrainingOverlap?
  ) throws {
    clips.append(clip)
    silent.add(clip.name, audio.samples)
    seconds.append(Double(audio.samples.count) / Double(FrontEnd.sampleRate))
    let file = overlap == nil ? nil : try clip.media.digest()
    if overlap?.holds(contentKey: audio.contentKey, file: file) ?? false { trainedOn.insert(clips.count - 1) }
  }

  /// The partitions from folds or splits; without these, five folds by digest.
  func partitions(_ settings: ClassifySettings) throws -> (partitions: [Partition], method: String) {
    let folds = clips.compactMap(\.fold)
    if folds.count == clips.count {
      let known = Set(folds).sorted(by: Partition.inOrder)
      for fold in settings.testFolds where !known.contains(fold) { throw Failure.foldUnknown(fold, known: known) }
      guard known.count > 1, settings.testFolds.count < known.count else { throw Failure.oneFold(known[0]) }
      let method =
        settings.testFolds.isEmpty
        ? "\(known.count) folds, each tested once and learnt from otherwise"
        : "tested on fold \(settings.testFolds.joined(separator: ", ")), learnt from the other folds"
      return (Partition.folds(folds, testFolds: settings.testFolds), method)
    }
    guard settings.testFolds.isEmpty else { throw Failure.noFolds(settings.data) }
    let splits = clips.compactMap(\.split)
    if splits.count == clips.count, Set(splits).isSuperset(of: [.train, .test]) {
      let of = { (split: Corpus.Split) in clips.indices.filter { clips[$0].split == split } }
      return (
        [Partition(name: "test", train: of(.train), test: of(.test), validation: of(.validation))],
        "the data's own split: learnt from train, tested on test"
      )
    }
    // Deals the clips of each class to five folds in the order of the digests of their names, so that consecutive names
    // are spread over all folds.
    var order = clips.map { _ in "" }
    for (_, members) in Dictionary(grouping: clips.indices, by: { targets.classes[$0].first ?? 0 }) {
      let sorted = members.sorted { Digest(of: clips[$0].name) < Digest(of: clips[$1].name) }
      for (place, index) in sorted.enumerated() { order[index] = "\(place % 5)" }
    }
    return (
      Partition.folds(order, testFolds: []),
      "no folds were given: five, dealt out class by class in the order of the names' digests"
    )
  }
}

import Audio
import Basics
import Evaluation
import Kernels
import Media
import Models
import Training

/// What rows that use audio need: an embedding of each clip for each row, and the captioner's captions.
struct CaptionAudio {
  /// Embeddings of the scored clips, and of the training clips.
  typealias Pair = (scored: FeatureRows, training: FeatureRows)

  /// For each row one pair, or one for each seed.
  private(set) var embeddings: [(row: String, seeds: [Pair])] = []
  /// Captions of the scored clips; empty without a captioner.
  private(set) var sentences: [String] = []
  /// A warning about silent scored clips.
  var silence: String? { silent.warning(of: scored) }

  private let settings: CaptionSettings
  private let student: EvaluatedModel?
  private let captioner: (any Captioner)?
  private let makers: [(row: String, makers: [AudioEmbeddings.Maker])]
  /// For each row and seed: `[clips, width]`, the scored clips first.
  private var values: [[[Float]]]
  /// 16-bit samples of each clip, for the network that is trained on labels; empty without that network.
  private var audioClips: [[Int16]] = []
  private var silent = SilentClips()
  /// The number of scored clips whose audio could be read.
  private var scored = 0
  /// Why the audio of other clips could not be read, by id.
  private var reasons: [String: String] = [:]

  /// Decodes and embeds every clip, if all clips have audio. Clips whose audio cannot be read are removed from `clips`,
  /// so that all rows use the same clips. Without audio, only the embeddings in files are used.
  init(
    _ clips: inout CaptionClips, _ settings: CaptionSettings, _ student: EvaluatedModel?, _ captioner: (any Captioner)?,
    threads: WorkerThreads, report: (EvaluationEvent) -> Void
  ) throws {
    (self.settings, self.student, self.captioner) = (settings, student, captioner)
    makers = clips.haveAudio ? try AudioEmbeddings.makers(settings.rows, seeds: settings.seeds, student, threads) : []
    values = makers.map { $0.makers.map { _ in [] } }
    if clips.haveAudio {
      try hearAll(clips, report)
      clips.leaveOut(reasons)
    }
    let (count, total) = (clips.scored.count, clips.scored.count + clips.training.count)
    func pair(_ rows: FeatureRows) -> Pair { (rows.rows(Array(0..<count)), rows.rows(Array(count..<total))) }
    embeddings = zip(makers, values).map { made, seeds in
      (made.row, seeds.map { pair(FeatureRows($0, width: $0.count / max(1, total))) })
    }
    if settings.rows.contains(.supervised), clips.haveAudio, !clips.training.isEmpty {
      embeddings.append((ClassifySettings.Row.supervised.rawValue, [pair(try supervised(clips, threads, report))]))
    }
    for (name, path) in settings.features {
      let names = (clips.scored + clips.training).map(\.id)
      embeddings.append((name, [pair(try FeatureFiles.read(name, path, clips: names))]))
    }
  }

  private mutating func hearAll(_ clips: CaptionClips, _ report: (EvaluationEvent) -> Void) throws {
    let workers = DecodeWorkers(count: settings.jobs, command: settings.workerCommand)
    let readers = WorkerThreads(settings.jobs)
    defer {
      readers.stop()
      workers.stop()
    }
    let all = clips.scored + clips.training
    let loader = AudioLoader(.clip, workers: workers, threads: readers)
    try loader.loadAll(all.compactMap(\.audio)) { first, part in
      try hear(part, of: Array(all[first..<first + part.count]), scored: max(0, clips.scored.count - first))
      report(.working(WorkProgress("clips", done: first + part.count, of: all.count)))
    }
  }

  /// - Parameter limit: the number of clips at the start of `clips` that are scored.
  private mutating func hear(_ part: [AudioLoader.Loaded], of clips: [CaptionClips.Clip], scored limit: Int) throws {
    var (names, held, own) = ([String](), [[Float]](), [[Float]]())
    for (place, (clip, loaded)) in zip(clips, part).enumerated() {
      guard case .audio(let audio) = loaded else {
        reasons[clip.id] = loaded.reason
        continue
      }
      names.append(clip.id)
      held.append(audio.samples)
      guard place < limit else { continue }
      silent.add(clip.id, audio.samples)
      own.append(audio.samples)
    }
    scored += own.count
    for (row, made) in makers.enumerated() {
      for (seed, maker) in made.makers.enumerated() {
        let embeddings = try maker(held)
        try FiniteEmbeddings.check(embeddings: embeddings, of: names, student)
        values[row][seed] += embeddings
      }
    }
    if let captioner, !own.isEmpty { sentences += try captioner.captions(of: own) }
    if settings.rows.contains(.supervised) { audioClips += held.map { SixteenBit.rounded($0) } }
  }

  /// Embeddings by the same network, trained only on the labels of the training clips.
  private func supervised(_ clips: CaptionClips, _ threads: WorkerThreads, _ report: (EvaluationEvent) -> Void) throws
    -> FeatureRows
  {
    let all = clips.scored + clips.training
    if let clip = all.first(where: { $0.label == nil }) { throw Failure.supervisedLabels(clip.id) }
    let (names, targets) = (all.map(\.id), Targets(all.map { $0.label.map { [$0] } ?? [] }))
    let cut = StratifiedChoice.validation(
      Partition(name: "captions", train: Array(clips.scored.count..<all.count), test: []), names: names,
      targets: targets, seed: 0)
    let baseline = SupervisedBaseline(
      names: names, audioClips: audioClips, targets: targets, configuration: settings.supervised,
      directory: settings.baselines)
    let training = try baseline.train(cut.fit, validation: cut.validation, "supervised", threads, report)
    return FeatureRows(try training.encodings(Array(all.indices)), width: training.width)
  }
}

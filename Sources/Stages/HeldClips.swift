import Basics
import Corpus
import Distillation
import Evaluation
import Kernels
import Shards

/// Clips of training shards that were kept out of training, embedded: their sounds and the teacher's vectors of their pictures.
struct HeldClips {
  let split: Split
  let ids: [String]
  let width: Int
  /// `[clips, width]` each.
  let audio: [Float]
  let images: [Float]
  /// Nil where some clip has none.
  let labels: [String]?
  let digest: Digest
  /// What is said of clips that were trained on nevertheless.
  let warning: String?

  /// - Parameter split: nil takes test, else validation; never train unless it is named.
  init(_ folder: String, split wanted: Split?, _ student: EvaluatedStudent, threads: WorkerThreads) throws {
    let set = try TrainingSet(folder: folder)
    guard let split = wanted ?? [.test, .validation].first(where: { set.splits.contains($0) }) else {
      throw Failure.noHeldSplit(folder, found: set.splits.map(\.rawValue).joined(separator: ", "))
    }
    let samples = try set.samples(split)
    let clips = try ShardClips(samples)
    let embedder = try Embedder(
      student.parameters, student.architecture, samples: clips.samples, project: true, kernels: FastKernels(),
      threads: threads)
    var (audio, images) = ([Float](), [Float]())
    let (piece, scope) = (64, student.normalization)
    for start in stride(from: 0, to: clips.ids.count, by: piece) {
      if Interruption.isRequested { throw Interruption.failure }
      let count = min(piece, clips.ids.count - start)
      audio += try embedder.embed(count, scope: scope) { row, place in try clips.waveform(start + row, into: place) }
        .values
      for row in 0..<count { images += try clips.target(start + row) }
    }
    (self.split, self.audio, self.images) = (split, audio, images)
    ids = clips.ids
    width = clips.width
    let found = try clips.ids.indices.map { try clips.label($0) }
    labels = found.contains(nil) ? nil : found.compactMap { $0 }
    let hasher = DigestBuilder()
    for index in 0..<samples.count {
      hasher.update(field: clips.ids[index])
      hasher.update(try samples.bytes(index, .sound))
      hasher.update(try samples.bytes(index, .clip))
      hasher.update(field: found[index] ?? "")
    }
    digest = hasher.finish()
    warning =
      split == .train
      ? "these are training clips: their scores say nothing of others" : try Self.overlap(folder, samples)
  }

  private static func overlap(_ folder: String, _ samples: TrainingSamples) throws -> String? {
    let set = try TrainingSet(folder: folder)
    guard set.splits.contains(.train) else { return nil }
    let overlap = try TrainingOverlap(shards: folder, splits: [.train])
    let names = try (0..<samples.count).filter {
      overlap.holds(contentKey: DecodedSound.contentKey(try samples.bytes($0, .sound)), file: nil)
    }.map { samples.id($0).text }
    return TrainingOverlap.warning(names, of: samples.count)
  }
}

import Audio
import Basics
import Corpus
import Kernels
import Models
import Shards
import Training

/// Clips that were held out from training: the student's embeddings of their audio, and the teacher's embeddings of
/// their frames.
package struct HeldClips {
  /// The number of clips and their split: `40 test clips`.
  package let title: String
  /// The name without the number: `test clips of shards`.
  package let name: String
  package let ids: [String]
  /// One row for each clip; of length one.
  package let audio: UnitRows
  package let images: UnitRows
  /// Nil if some clip has none.
  package let labels: [String]?
  /// The captions of each clip, if its shard has them.
  package let captions: [[String]]
  package let digest: Digest
  /// Nil for embeddings from a file.
  package let split: Split?
  /// Warnings about clips that were used for training after all, and about silent clips.
  package let warnings: [String]

  package var count: Int { ids.count }
  package var width: Int { audio.width }

  /// Embeds the clips of a split.
  /// - Parameters:
  ///   - split: nil takes test, else validation; the training split is used only if it is named.
  ///   - most: the maximum number of clips, evenly spread; nil takes all.
  package init(
    _ directory: String, split wanted: Split?, _ student: EvaluatedModel, threads: WorkerThreads, most: Int? = nil,
    progress: WorkReport = { _ in }
  ) throws {
    let set = try TrainingSet(directory: directory)
    guard let split = wanted ?? [.test, .validation].first(where: { set.splits.contains($0) }) else {
      throw Failure.noHeldSplit(directory, found: set.splits.map(\.rawValue).joined(separator: ", "))
    }
    let samples = try set.samples(split)
    let clips = try ShardClips(samples)
    let embedder = Embedder(
      student.model, samples: clips.samples, project: true, backend: FastBackend(), threads: threads)
    var (audio, images, silent) = ([Float](), [Float](), SilentClips())
    let peaks = FloatBuffer(64)
    let (piece, scope) = (64, student.normalization)
    let all = clips.ids.count
    let chosen = most.map { $0 < all } ?? false ? (0..<(most ?? all)).map { $0 * all / (most ?? all) } : Array(0..<all)
    progress(WorkProgress("clips", of: chosen.count))
    for start in stride(from: 0, to: chosen.count, by: piece) {
      if Interruption.isRequested { throw Interruption.failure }
      let part = Array(chosen[start..<min(chosen.count, start + piece)])
      let names = part.map { clips.ids[$0] }
      let heard = try embedder.embed(part.count, scope: scope) { row, place in
        try clips.waveform(part[row], into: place)
        peaks.start[row] = SixteenBit.peak(UnsafeBufferPointer(start: place, count: clips.samples))
      }.values
      for (row, name) in names.enumerated() { silent.add(name, peak: peaks.start[row]) }
      let seen = try part.flatMap { try clips.target($0) }
      try FiniteEmbeddings.check(embeddings: heard, of: names, student)
      try FiniteEmbeddings.check(teacherRows: seen, of: names, shards: directory)
      audio += heard
      images += seen
      progress(WorkProgress("clips", done: start + part.count, of: chosen.count))
    }
    self.audio = UnitRows(audio, width: clips.width)
    self.images = UnitRows(images, width: clips.width)
    ids = chosen.map { clips.ids[$0] }
    self.split = split
    title = "\(chosen.count)\(chosen.count < all ? " of \(all)" : "") \(split.rawValue) clips"
    name = "\(split.rawValue) clips of \(DataTitle.of(directory))"
    let found = try chosen.map { try clips.label($0) }
    labels = found.contains(nil) ? nil : found.compactMap { $0 }
    captions = try chosen.map { try clips.captions($0) }
    let hasher = DigestBuilder()
    try withExtendedLifetime(samples) {
      for (place, index) in chosen.enumerated() {
        hasher.update(field: clips.ids[index])
        hasher.update(try samples.bytes(index, .audio))
        hasher.update(try samples.bytes(index, .clip))
        hasher.update(field: found[place] ?? "")
      }
    }
    digest = hasher.finish()
    let overlap =
      split == .train
      ? "these are training clips: their scores say nothing of others" : try Self.overlap(directory, samples, set)
    warnings = [overlap, silent.warning(of: chosen.count)].compactMap(\.self)
  }

  private static func overlap(_ directory: String, _ samples: TrainingSamples, _ set: TrainingSet) throws -> String? {
    guard set.splits.contains(.train) else { return nil }
    let overlap = try TrainingOverlap(shards: directory, splits: [.train])
    let names = try (0..<samples.count).filter {
      overlap.holds(contentKey: FlacDecoder.contentKey(try samples.bytes($0, .audio)), file: nil)
    }.map { samples.id($0).text }
    return TrainingOverlap.warning(names, of: samples.count)
  }

  /// Reads embeddings made elsewhere: safetensors with `audio` and `image`, `[clips, width]` each, and optionally
  /// `labels` in the metadata, a JSON list. `--save` writes such a file.
  package init(embeddings path: String) throws {
    let tables = try ["audio", "image"].map { try EmbeddingFormats.table(path, called: [$0]) }
    let rows = try zip(["audio", "image"], tables).map { name, table in
      guard table.rows.shape.count == 2, table.rows.shape[1] > 0 else {
        throw Failure.embeddingsLack(path, name, found: ["\(table.rows.shape)"])
      }
      let values = try table.rows.floats()
      guard values.allSatisfy(\.isFinite) else { throw Failure.featureValues(path, name) }
      return UnitRows(values, width: table.rows.shape[1])
    }
    let (audio, images) = (rows[0], rows[1])
    guard audio.count == images.count, audio.width == images.width, audio.count > 0 else {
      throw Failure.embeddingsDiffer(path, audio: [audio.count, audio.width], image: [images.count, images.width])
    }
    let lists = try ["ids", "labels"].map { key in
      try tables[0].metadata[key].map {
        try CanonicalJSON.decode([String].self, from: Array($0.utf8), source: "\(path), \(key)")
      }
    }
    for list in lists where list.map({ $0.count != audio.count }) ?? false {
      throw Failure.classCount(path, names: list?.count ?? 0, rows: audio.count)
    }
    (self.audio, self.images) = (audio, images)
    ids = lists[0] ?? (0..<audio.count).map { "\($0)" }
    labels = lists[1]
    captions = []
    split = nil
    title = "\(audio.count) clips of \(Files.name(path))"
    name = "embeddings of \(DataTitle.of(path))"
    digest = try Digest.ofFile(path)
    warnings = []
  }
}

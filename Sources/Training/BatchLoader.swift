import Audio
import Basics
import Kernels
import Networks
import Ranks

/// Loads a batch's spectrograms and teacher embeddings from shards or memory: decodes, crops, mixes and masks on all
/// threads. Each rank loads its own rows of the batch.
final class BatchLoader: @unchecked Sendable {
  /// The number of samples that are used from each clip.
  let samples: Int

  private let clips: any TrainingClips
  private let configuration: TrainingConfiguration
  private let ops: any Ops
  private let threads: WorkerThreads
  /// The clip whose embeddings each clip is trained on.
  private let teachers: [Int]
  private let ranks: RankGroup
  private let profile: Profile?
  private let audioRow: Int?

  init(
    _ clips: any TrainingClips, _ configuration: TrainingConfiguration, ops: any Ops,
    threads: WorkerThreads, ranks: RankGroup = .alone, profile: Profile?
  ) throws {
    self.clips = clips
    self.ranks = ranks
    self.configuration = configuration
    self.ops = ops
    self.threads = threads
    self.profile = profile
    samples = try configuration.samples(ofClip: clips.samples)
    teachers =
      configuration.shuffleTeacher
      ? TrainingOrder.shuffledTeachers(seed: configuration.seed, count: clips.ids.count) : Array(clips.ids.indices)
    audioRow = profile?.row("sound", "decode", slots: configuration.batchSize)
  }

  /// - Parameters:
  ///   - batch: the indices of the clips.
  ///   - rows: by rank, the rows of the batch that it loads.
  ///   - spectrograms: filled with this rank's rows, `[rows, 257, spectrogram frames]`.
  /// - Returns: the means of the teacher's embeddings for these rows, `[rows, width]`.
  func load(_ batch: [Int], rows: [Range<Int>], epoch: Int, into spectrograms: FloatBuffer) throws -> FloatBuffer {
    let own = rows[ranks.rank]
    let views = batch.map { clip in
      ClipView(
        configuration.augmentation, seed: configuration.seed, epoch: epoch, clip: clips.ids[clip],
        samples: clips.samples, taken: samples)
    }
    let images = try targets(own, of: batch, views)
    let failures = FailureBox<any Error>()
    try FrontEnd.compute(
      clips: own.count, samples: samples, scope: configuration.normalization, ops: ops,
      threads: threads,
      waveform: { row, place in
        self.profile.measure(self.audioRow, slot: row) {
          failures.collect(row) { try self.waveform(own.lowerBound + row, batch, views, into: place) }
        }
      },
      gather: { moments in
        try failures.throwFirst()
        return try self.everyones(moments, rows)
      }, into: spectrograms)
    try failures.throwFirst()
    mask(Array(views[own]), spectrograms)
    return images
  }

  /// Mean and Σ (x − mean)² of all clips of the batch, collected from all ranks.
  private func everyones(_ own: DoubleBuffer, _ rows: [Range<Int>]) throws -> DoubleBuffer {
    if ranks.isAlone { return own }
    let all = DoubleBuffer(2 * (rows.last?.upperBound ?? 0))
    (all.start + 2 * rows[ranks.rank].lowerBound).update(from: own.start, count: own.count)
    try ranks.exchange(all.start, rows.map { 16 * $0.lowerBound..<16 * $0.upperBound })
    return all
  }

  /// The clip that a clip is mixed with: the next one in the batch.
  private func partner(_ row: Int, _ batch: [Int]) -> Int { (row + 1) % batch.count }

  private func waveform(_ row: Int, _ batch: [Int], _ views: [ClipView], into place: UnsafeMutablePointer<Float>) throws
  {
    let view = views[row]
    try read(batch[row], view, into: place)
    guard view.share < 1 else { return }
    let other = FloatBuffer(samples)
    defer { withExtendedLifetime(other) {} }
    let row = partner(row, batch)
    try read(batch[row], views[row], into: other.start)
    for i in 0..<samples { place[i] = place[i] * view.share + other.start[i] * (1 - view.share) }
  }

  private func read(_ clip: Int, _ view: ClipView, into place: UnsafeMutablePointer<Float>) throws {
    if samples == clips.samples {
      try clips.waveform(clip, into: place)
    } else {
      let whole = FloatBuffer(clips.samples)
      defer { withExtendedLifetime(whole) {} }
      try clips.waveform(clip, into: whole.start)
      place.update(from: whole.start + view.start, count: samples)
    }
    if view.gain != 1 { for i in 0..<samples { place[i] *= view.gain } }
  }

  private func targets(_ own: Range<Int>, of batch: [Int], _ views: [ClipView]) throws -> FloatBuffer {
    let (width, result) = (clips.width, FloatBuffer(own.count * clips.width))
    try threads.tryForEach(own.count) { k, _ in
      let (row, share) = (own.lowerBound + k, views[own.lowerBound + k].share)
      var target = try self.target(row, batch, views)
      if share < 1 {
        let other = try self.target(self.partner(row, batch), batch, views)
        for i in 0..<width { target[i] = target[i] * share + other[i] * (1 - share) }
      }
      (result.start + k * width).update(from: target, count: width)
    }
    return result
  }

  private func target(_ row: Int, _ batch: [Int], _ views: [ClipView]) throws -> [Float] {
    let clip = teachers[batch[row]]
    let target = try clips.target(clip, samples: views[row].start..<views[row].start + samples)
    guard target.count == clips.width else {
      throw Failure.embeddingWidth(clips.ids[clip], found: target.count, expected: clips.width)
    }
    return target
  }

  private func mask(_ views: [ClipView], _ spectrograms: FloatBuffer) {
    guard views.contains(where: { !$0.masks.isEmpty }) else { return }
    let frames = FrontEnd.frames(samples: samples)
    threads.forEach(views.count) { row, _ in
      let place = spectrograms.start + row * FrontEnd.bins * frames
      for (bins, times) in views[row].masks {
        for bin in bins { for time in times { place[bin * frames + time] = 0 } }
      }
    }
  }
}

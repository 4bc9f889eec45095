import Audio
import Basics
import Kernels
import Networks

/// A batch's spectrograms and teacher vectors, from shards or memory: decoded, cropped, mixed and masked on all
/// threads.
final class BatchLoader: @unchecked Sendable {
  /// Samples of each clip that are taken.
  let samples: Int

  private let clips: any TrainingClips
  private let configuration: TrainingConfiguration
  private let ops: any Ops
  private let threads: WorkerThreads
  /// The clip whose vectors each clip is trained on.
  private let teachers: [Int]
  private let profile: Profile?
  private let soundRow: Int?

  init(
    _ clips: any TrainingClips, _ configuration: TrainingConfiguration, ops: any Ops,
    threads: WorkerThreads, profile: Profile?
  ) throws {
    self.clips = clips
    self.configuration = configuration
    self.ops = ops
    self.threads = threads
    self.profile = profile
    let crop = configuration.augmentation.cropSeconds.map { Int(($0 * Double(FrontEnd.sampleRate)).rounded()) }
    samples = crop ?? clips.samples
    guard (FrontEnd.transformLength...clips.samples).contains(samples) else {
      throw Failure(
        "training.crop", "a crop is longer than the clips or shorter than a window", on: "--crop",
        found: "\(samples) samples", expected: "\(FrontEnd.transformLength) to \(clips.samples)", exit: .usage)
    }
    teachers =
      configuration.shuffleTeacher
      ? TrainingOrder.shuffledTeachers(seed: configuration.seed, count: clips.ids.count) : Array(clips.ids.indices)
    soundRow = profile?.row("sound", "decode", slots: configuration.batchSize)
  }

  /// - Parameters:
  ///   - batch: numbers of clips.
  ///   - spectrograms: `[batch, 257, frames of samples]`, filled.
  /// - Returns: the teacher's means, `[batch, width]`.
  func load(_ batch: [Int], epoch: Int, into spectrograms: FloatBuffer) throws -> FloatBuffer {
    let views = batch.map { clip in
      ClipView(
        configuration.augmentation, seed: configuration.seed, epoch: epoch, clip: clips.ids[clip],
        samples: clips.samples, taken: samples)
    }
    let images = try targets(batch, views)
    let failures = FailureBox<any Error>()
    FrontEnd.compute(
      clips: batch.count, samples: samples, scope: configuration.normalization, ops: ops,
      threads: threads,
      waveform: { row, place in
        self.profile.measure(self.soundRow, slot: row) {
          failures.collect(row) { try self.waveform(row, batch, views, into: place) }
        }
      }, into: spectrograms)
    try failures.throwFirst()
    mask(views, spectrograms)
    return images
  }

  /// Who a clip is mixed with: the batch's next.
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

  private func targets(_ batch: [Int], _ views: [ClipView]) throws -> FloatBuffer {
    let width = clips.width
    let pure = FloatBuffer(batch.count * width)
    let mixed = FloatBuffer(batch.count * width)
    try threads.tryForEach(batch.count) { row, _ in
      let clip = self.teachers[batch[row]]
      let target = try self.clips.target(clip, samples: views[row].start..<views[row].start + self.samples)
      guard target.count == width else {
        throw Failure.vectorWidth(self.clips.ids[clip], found: target.count, expected: width)
      }
      (pure.start + row * width).update(from: target, count: width)
    }
    defer { withExtendedLifetime(pure) {} }
    for (row, view) in views.enumerated() {
      let other = partner(row, batch) * width
      for i in 0..<width {
        let own = pure.start[row * width + i]
        mixed.start[row * width + i] =
          view.share < 1 ? own * view.share + pure.start[other + i] * (1 - view.share) : own
      }
    }
    return mixed
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

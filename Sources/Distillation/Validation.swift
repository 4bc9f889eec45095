import Basics
import Corpus
import Kernels

/// The loss on clips that are not trained on, always against the same number of other clips, so that it can be compared between
/// epochs, batch sizes and data sets.
struct Validation {
  /// Clips in a group; each is told from the group's others.
  static let group = Split.fewestValidationClips

  let clips: any TrainingClips
  let configuration: TrainingConfiguration
  let kernels: any KernelSource
  let threads: WorkerThreads

  /// The mean over groups of 20 clips in id order; the last group reaches back so that it is full.
  func loss(_ student: Student) throws -> Double {
    let count = clips.ids.count
    let loss = try Distillation.loss(named: configuration.loss).init(width: student.architecture.width)
    let embedder = try Embedder(
      student.parameters, student.architecture, samples: clips.samples, project: false, kernels: kernels,
      threads: threads)
    var (sum, groups) = (0.0, 0)
    for start in stride(from: 0, to: count, by: Self.group) {
      let first = min(start, count - Self.group)
      let images = FloatBuffer(Self.group * clips.width)
      for row in 0..<Self.group {
        (images.start + row * clips.width).update(from: try clips.target(first + row), count: clips.width)
      }
      let clips = clips
      let audio = try embedder.embed(Self.group, scope: configuration.normalization) { row, place in
        try clips.waveform(first + row, into: place)
      }
      sum +=
        loss.evaluate(audio: audio, image: images, rows: Self.group, student.parameters, keep: nil, gradients: nil).loss
      groups += 1
    }
    return sum / Double(max(1, groups))
  }
}

import Basics
import Corpus
import Kernels

/// The loss on clips that are not trained on, always against the same number of other clips, so that it can be compared between
/// epochs, batch sizes and data sets.
package struct Validation {
  /// Clips in a group; each is told from the group's others.
  static let group = Split.fewestValidationClips

  let clips: any TrainingClips
  let configuration: TrainingConfiguration
  let kernels: any KernelSource
  let threads: WorkerThreads

  /// Sounds in the teacher's space and pictures of the same clips, `[count, width]` each.
  package struct Pairs: Sendable {
    package var audio: [Float]
    package var images: [Float]
    package var width: Int
  }

  /// The mean loss over groups of 20 clips in id order, the last group reaching back so that it is full; and all clips' pairs.
  func score(_ student: Student) throws -> (loss: Double, pairs: Pairs) {
    let (count, width) = (clips.ids.count, clips.width)
    let loss = try Distillation.loss(named: configuration.loss).init(width: student.architecture.width)
    let clips = clips
    let audio = try embedder(student).embed(count, scope: configuration.normalization) { row, place in
      try clips.waveform(row, into: place)
    }
    let images = FloatBuffer(count * width)
    for row in 0..<count { (images.start + row * width).update(from: try clips.target(row), count: width) }
    var (sum, groups) = (0.0, 0)
    for start in stride(from: 0, to: count, by: Self.group) {
      let cells = min(start, count - Self.group) * width..<(min(start, count - Self.group) + Self.group) * width
      sum +=
        loss.evaluate(
          audio: FloatBuffer(audio[cells]), image: FloatBuffer(images[cells]), rows: Self.group, student.parameters,
          keep: nil, gradients: nil
        ).loss
      groups += 1
    }
    let name = "audio_transform"
    let projects = student.parameters.layout.contains("\(name).sequential.0.weight")
    let placed =
      projects
      ? ProjectionMLP(name, width: width).forward(audio, rows: count, keep: nil, student.parameters) : audio
    return (sum / Double(max(1, groups)), Pairs(audio: placed.values, images: images.values, width: width))
  }

  private func embedder(_ student: Student) throws -> Embedder {
    try Embedder(
      student.parameters, student.architecture, samples: clips.samples, project: false, kernels: kernels,
      threads: threads)
  }
}

import Audio
import Basics
import Corpus
import Kernels
import Models
import Networks
import Ranks

/// The loss on held-out clips. If the loss of a clip depends on other clips, their number is always the same, so that
/// losses can be compared between epochs, batch sizes and data sets. Each rank embeds some of the clips.
package final class Validation {
  /// The number of clips in a group; each is compared with the others of its group.
  static let group = Split.fewestValidationClips

  private let clips: any TrainingClips
  private let scope: NormalizationScope
  private let group: Int?
  private let loss: any TrainingLoss
  private let projection: RowNetwork?
  private let projectionWidth: Int
  private let embedder: () -> Embedder
  private let ranks: RankGroup

  init(
    clips: any TrainingClips, scope: NormalizationScope, _ architecture: Architecture, _ objective: any Objective,
    _ learner: Learner, backend: any Backend, threads: WorkerThreads, ranks: RankGroup = .alone
  ) {
    self.ranks = ranks
    (self.clips, self.scope, group) = (clips, scope, objective.validationGroup)
    let context = LossContext(
      encoder: architecture.width, target: clips.width, parameters: learner.parameters, backend: backend,
      threads: threads)
    loss = objective.loss(context)
    let audio = Projection(Projection.audio, inputs: architecture.width, outputs: clips.width)
    let projects = learner.parameters.layout.contains(Projection.weight(audio.name, 0))
    projection = projects ? RowNetwork(audio.layers, inputs: audio.inputs, context) : nil
    projectionWidth = projects ? audio.outputs : architecture.width
    let samples = clips.samples
    // A new one for each validation, since it keeps data derived from the current weights.
    embedder = {
      Embedder(
        Model(architecture, learner.parameters, projection: nil), samples: samples, project: false, backend: backend,
        threads: threads)
    }
  }

  /// Projected audio embeddings and targets of the same clips, `[count, width]` each, with the widths of their spaces.
  package struct Pairs: Sendable {
    package var audio: [Float]
    package var images: [Float]
    package var audioWidth: Int
    package var imageWidth: Int
  }

  /// The mean loss over groups in id order, and the pairs of all clips. The last group overlaps the one before it if
  /// necessary, so that it is full.
  func score() throws -> (loss: Double, pairs: Pairs) {
    let (count, width, clips) = (clips.ids.count, clips.width, clips)
    let embedder = embedder()
    let audio = try embed(embedder)
    let targets = FloatBuffer(count * width)
    for row in 0..<count { (targets.start + row * width).update(from: try clips.target(row), count: width) }
    let size = min(count, group ?? count)
    var (sum, groups) = (0.0, 0)
    for start in stride(from: 0, to: count, by: max(1, size)) {
      let first = min(start, count - size)
      sum += try loss.evaluate(
        audio: FloatBuffer(audio[first * embedder.width..<(first + size) * embedder.width]),
        target: FloatBuffer(targets[first * width..<(first + size) * width]), rows: size, dropout: nil,
        gradients: false
      ).loss
      groups += 1
    }
    let placed = try projection?.forward(audio, rows: count).values ?? audio.values
    return (
      sum / Double(max(1, groups)),
      Pairs(audio: placed, images: targets.values, audioWidth: projectionWidth, imageWidth: width)
    )
  }

  /// The embeddings, `[count, width]`. An embedding depends only on its own clip, so each rank computes some of them,
  /// unless all clips are normalized together.
  private func embed(_ embedder: Embedder) throws -> FloatBuffer {
    let clips = clips
    if ranks.isAlone || scope == .batch {
      return try embedder.embed(clips.ids.count, scope: scope) { row, place in try clips.waveform(row, into: place) }
    }
    let (shares, width) = (ranks.shares(of: clips.ids.count), embedder.width)
    let first = shares[ranks.rank].lowerBound
    let own = try embedder.embed(shares[ranks.rank].count, scope: scope) { row, place in
      try clips.waveform(first + row, into: place)
    }
    let all = FloatBuffer(clips.ids.count * width)
    (all.start + first * width).update(from: own.start, count: own.count)
    try ranks.exchange(all.start, shares.map { 4 * width * $0.lowerBound..<4 * width * $0.upperBound })
    return all
  }
}

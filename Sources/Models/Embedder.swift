import Audio
import Basics
import Kernels
import Networks

/// Computes embeddings of waveforms with a model's frozen weights.
///
/// All waveforms of a call have the same length; calls may use different lengths. Each waveform is read just before it
/// is embedded, on the same thread, so that memory does not grow with the number of clips. Only one call may run at a
/// time.
package final class Embedder {
  /// Writes clip `clip`'s samples to `place`; may be called twice for a clip, on any thread.
  package typealias Waveform = @Sendable (_ clip: Int, _ place: MutableFloats) throws -> Void

  private let ops: any Ops
  private let threads: WorkerThreads
  private let samples: Int
  private let network: InferenceNetwork
  private let spaces: [SpectrogramWorkspace]

  /// Values of an embedding.
  package var width: Int { network.width }
  /// Whether embeddings are projected into the teacher's space.
  package let projects: Bool

  /// - Parameters:
  ///   - samples: the default length of a waveform, over 256.
  ///   - project: whether to project into the teacher's space, if the model has a projection.
  package init(
    _ model: Model, samples: Int = FrontEnd.sampleRate, project: Bool, backend: any Backend, threads: WorkerThreads
  ) {
    (ops, self.threads, self.samples) = (backend.ops, threads, samples)
    let projection = project ? model.projection : nil
    projects = projection != nil
    network = InferenceNetwork(
      model.architecture.layers + (projection?.layers ?? []), width: projection?.outputs ?? model.architecture.width,
      model.weights, backend: backend, threads: threads)
    spaces = (0..<threads.count).map { _ in SpectrogramWorkspace() }
  }

  /// `[clips, width]`. With `scope` batch, all waveforms of one call are normalized together.
  package func embed(_ clips: Int, scope: NormalizationScope, waveform: @escaping Waveform) throws -> FloatBuffer {
    guard scope == .batch else { return try embed(clips, samples: samples, waveform: waveform) }
    var together = SpectrogramMoments()
    try add(clips, samples: samples, to: &together, waveform: waveform)
    let norm = together.norm
    return try embed(clips, samples: samples, norm: { _ in norm }, waveform: waveform)
  }

  /// `[clips, width]` of waveforms of `samples` samples each.
  /// - Parameter norm: the normalization of a clip that is normalized together with others; nil: by itself.
  package func embed(
    _ clips: Int, samples: Int, norm: @escaping @Sendable (_ clip: Int) -> SpectrogramNorm? = { _ in nil },
    waveform: @escaping Waveform
  ) throws -> FloatBuffer {
    for space in spaces { space.fit(samples) }
    let (ops, spaces, frames) = (ops, spaces, FrontEnd.frames(samples: samples))
    let size = FrontEnd.bins * frames
    return try network.run(clips, height: FrontEnd.bins, width: frames) { clip, thread, place in
      let (mean, m2) = try spaces[thread].spectrogram(samples, ops, into: place) { try waveform(clip, $0) }
      let chosen = norm(clip) ?? SpectrogramNorm(count: size, mean: mean, m2: m2)
      chosen.normalize(size, place, ops)
    }
  }

  /// Adds the spectrograms of waveforms of `samples` samples each to `moments`, for normalization together.
  package func add(
    _ clips: Int, samples: Int, to moments: inout SpectrogramMoments, waveform: @escaping Waveform
  ) throws {
    for space in spaces { space.fit(samples) }
    let (ops, spaces) = (ops, spaces)
    let found = DoubleBuffer(2 * clips)
    let size = FrontEnd.bins * FrontEnd.frames(samples: samples)
    for space in spaces { space.fitSpectrogram(size) }
    try threads.tryForEach(clips) { clip, thread in
      let own = try spaces[thread].spectrogram(samples, ops, into: spaces[thread].result.start) {
        try waveform(clip, $0)
      }
      (found.start[2 * clip], found.start[2 * clip + 1]) = own
    }
    for clip in 0..<clips { moments.add(count: size, mean: found.start[2 * clip], m2: found.start[2 * clip + 1]) }
  }
}

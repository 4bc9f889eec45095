import Audio
import Basics
import Kernels

/// Waveforms to embeddings with a student's frozen weights.
///
/// Waveforms of one call have one length; calls may have different ones. A waveform is read when its turn comes, on the thread
/// that embeds it, so that memory does not grow with the number of clips. One call at a time.
package final class Embedder {
  /// Writes clip `clip`'s samples to `place`; may be called twice for a clip, on any thread.
  package typealias Waveform = @Sendable (_ clip: Int, _ place: UnsafeMutablePointer<Float>) throws -> Void

  private let student: FrozenStudent
  private let architecture: EncoderArchitecture
  private let kernels: any KernelSource
  private let threads: WorkerThreads
  private let samples: Int
  private let encoder: EncoderInference
  private let projection: ProjectionMLP?
  private var spaces: [SpectrogramWorkspace]

  /// Width of an embedding.
  package var width: Int { architecture.width }
  /// Whether embeddings went through the projection into the teacher's space.
  package var projects: Bool { projection != nil }

  /// - Parameters:
  ///   - samples: of each waveform where a call does not say otherwise, over 256.
  ///   - project: whether to go on into the teacher's space, where the student has a projection of the audio.
  package init(
    _ student: FrozenStudent, _ architecture: EncoderArchitecture, samples: Int = FrontEnd.sampleRate, project: Bool,
    kernels: any KernelSource, threads: WorkerThreads
  ) throws {
    self.student = student
    self.architecture = architecture
    self.kernels = kernels
    self.threads = threads
    self.samples = samples
    encoder = EncoderInference(architecture, student, kernels: kernels, threads: threads)
    let projects = project && student.parameters.layout.contains("audio_transform.sequential.0.weight")
    projection = projects ? ProjectionMLP("audio_transform", width: architecture.width) : nil
    spaces = (0..<threads.count).map { _ in SpectrogramWorkspace() }
  }

  /// With weights that are all in memory.
  package convenience init(
    _ parameters: Parameters, _ architecture: EncoderArchitecture, samples: Int = FrontEnd.sampleRate, project: Bool,
    kernels: any KernelSource, threads: WorkerThreads
  ) throws {
    try self.init(
      FrozenStudent(parameters), architecture, samples: samples, project: project, kernels: kernels, threads: threads)
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
  /// - Parameter norm: the normalization of a clip that belongs to others; nil: over the clip itself.
  package func embed(
    _ clips: Int, samples: Int, norm: @escaping @Sendable (_ clip: Int) -> SpectrogramNorm? = { _ in nil },
    waveform: @escaping Waveform
  ) throws -> FloatBuffer {
    fit(samples)
    let (layers, spaces, frames) = (kernels.layers, spaces, FrontEnd.frames(samples: samples))
    let size = FrontEnd.bins * frames
    let encoded = try encoder.embed(clips, height: FrontEnd.bins, width: frames) { clip, thread, place in
      let (mean, squares) = try spaces[thread].spectrogram(samples, layers, into: place) { try waveform(clip, $0) }
      let chosen = norm(clip) ?? SpectrogramNorm(count: size, mean: mean, squares: squares)
      chosen.normalize(size, place, layers)
    }
    return project(encoded, clips)
  }

  /// Adds the spectrograms of waveforms of `samples` samples each to those that are normalized together.
  package func add(
    _ clips: Int, samples: Int, to moments: inout SpectrogramMoments, waveform: @escaping Waveform
  ) throws {
    fit(samples)
    let (layers, spaces) = (kernels.layers, spaces)
    let found = DoubleBuffer(2 * clips)
    let size = FrontEnd.bins * FrontEnd.frames(samples: samples)
    for space in spaces { space.fitSpectrogram(size) }
    try threads.tryForEach(clips) { clip, thread in
      let space = spaces[thread]
      let own = try space.spectrogram(samples, layers, into: space.result.start) { try waveform(clip, $0) }
      (found.start[2 * clip], found.start[2 * clip + 1]) = own
    }
    for clip in 0..<clips { moments.add(count: size, mean: found.start[2 * clip], squares: found.start[2 * clip + 1]) }
  }

  private func fit(_ samples: Int) { for space in spaces { space.fit(samples) } }

  /// Rows at a time in the projection: a fixed number, so that a row's bits do not depend on how many there are.
  private static let projectedRows = 8

  private func project(_ encoded: FloatBuffer, _ clips: Int) -> FloatBuffer {
    guard let projection else { return encoded }
    let result = FloatBuffer(clips * width)
    for first in stride(from: 0, to: clips, by: Self.projectedRows) {
      let count = min(Self.projectedRows, clips - first)
      let rows = FloatBuffer(Self.projectedRows * width)
      rows.start.update(from: encoded.start + first * width, count: count * width)
      let projected = projection.forward(rows, rows: Self.projectedRows, keep: nil, student.parameters)
      (result.start + first * width).update(from: projected.start, count: count * width)
    }
    return result
  }
}

import Basics
import Kernels

/// Waveforms to embeddings with a student's frozen weights.
package final class Embedder {
  private let student: Parameters
  private let architecture: EncoderArchitecture
  private let kernels: any KernelSource
  private let threads: WorkerThreads
  private let samples: Int
  private let encoder: EncoderInference
  private let projection: ProjectionMLP?

  /// - Parameters:
  ///   - samples: of each waveform, over 256.
  ///   - project: whether to go on into the teacher's space, where the student has a projection of the audio.
  package init(
    _ parameters: Parameters, _ architecture: EncoderArchitecture, samples: Int, project: Bool,
    kernels: any KernelSource,
    threads: WorkerThreads
  ) throws {
    student = parameters
    self.architecture = architecture
    self.kernels = kernels
    self.threads = threads
    self.samples = samples
    encoder = try EncoderInference(
      architecture, parameters, height: FrontEnd.bins, width: FrontEnd.frames(samples: samples), kernels: kernels,
      threads: threads)
    let projects = project && parameters.layout.contains("audio_transform.sequential.0.weight")
    projection = projects ? ProjectionMLP("audio_transform", width: architecture.width) : nil
  }

  /// `[clips, width]`. With `scope` batch, all waveforms of one call are normalised together.
  package func embed(
    _ clips: Int, scope: NormalizationScope,
    waveform: @escaping @Sendable (Int, UnsafeMutablePointer<Float>) throws -> Void
  ) throws -> FloatBuffer {
    let spectrograms = FloatBuffer(clips * FrontEnd.bins * FrontEnd.frames(samples: samples))
    let failures = FailureBox()
    FrontEnd.compute(
      clips: clips, samples: samples, scope: scope, kernels: kernels.layers, threads: threads,
      waveform: { clip, place in failures.collect(clip) { try waveform(clip, place) } }, into: spectrograms)
    try failures.throwFirst()
    let encoded = try encoder.embed(spectrograms, clips: clips)
    return projection?.forward(encoded, rows: clips, keep: nil, student) ?? encoded
  }
}

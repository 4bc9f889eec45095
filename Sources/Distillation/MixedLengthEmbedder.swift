import Basics
import Kernels

/// Sounds of any lengths to embeddings, each normalised by itself and at its own length, as the public package does for one file.
///
/// Sounds whose spectrograms are equally wide go through the encoder together; an embedding does not depend on what else is
/// embedded.
package final class MixedLengthEmbedder {
  private let student: Parameters
  private let architecture: EncoderArchitecture
  private let kernels: any KernelSource
  private let threads: WorkerThreads
  private let projection: ProjectionMLP?
  package var width: Int { architecture.width }

  package init(
    _ parameters: Parameters, _ architecture: EncoderArchitecture, kernels: any KernelSource, threads: WorkerThreads
  ) {
    student = parameters
    self.architecture = architecture
    self.kernels = kernels
    self.threads = threads
    let projects = parameters.layout.contains("audio_transform.sequential.0.weight")
    projection = projects ? ProjectionMLP("audio_transform", width: architecture.width) : nil
  }

  /// Sounds that pass through together: bounds the memory of their spectrograms.
  private static let most = 256

  /// - Parameter sounds: over 256 samples each, 16 kHz mono in −1…1.
  /// - Returns: `[sounds, width]`, in the teacher's space where the student has a projection of the audio.
  package func embed(_ sounds: [[Float]]) throws -> [Float] {
    var result = [Float](repeating: 0, count: sounds.count * width)
    let byFrames = Dictionary(grouping: sounds.indices) { FrontEnd.frames(samples: sounds[$0].count) }
    for (frames, members) in byFrames.sorted(by: { $0.key < $1.key }) {
      let encoder = try EncoderInference(
        architecture, student, height: FrontEnd.bins, width: frames, kernels: kernels, threads: threads)
      for start in stride(from: 0, to: members.count, by: Self.most) {
        let part = Array(members[start..<min(members.count, start + Self.most)])
        let embedded = try embed(part.map { sounds[$0] }, frames, encoder)
        for (row, index) in part.enumerated() {
          for i in 0..<width { result[index * width + i] = embedded.start[row * width + i] }
        }
      }
    }
    return result
  }

  private func embed(_ sounds: [[Float]], _ frames: Int, _ encoder: EncoderInference) throws -> FloatBuffer {
    let size = FrontEnd.bins * frames
    let spectrograms = FloatBuffer(sounds.count * size)
    let (single, layers) = (WorkerThreads(1), kernels.layers)
    threads.forEach(sounds.count) { row, _ in
      let one = FloatBuffer(size)
      FrontEnd.compute(
        clips: 1, samples: sounds[row].count, scope: .clip, kernels: layers, threads: single,
        waveform: { _, place in place.update(from: sounds[row], count: sounds[row].count) }, into: one)
      (spectrograms.start + row * size).update(from: one.start, count: size)
    }
    let encoded = try encoder.embed(spectrograms, clips: sounds.count)
    return projection?.forward(encoded, rows: sounds.count, keep: nil, student) ?? encoded
  }
}

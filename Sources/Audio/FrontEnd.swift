import Basics
import Kernels

/// Computes the encoder's input: the log power spectrogram of the Wav2CLIP reference, with its unusual hop length.
package struct FrontEnd: Sendable {
  package static let sampleRate = 16_000
  package static let transformLength = 512
  package static let hop = 353
  package static let logEpsilon = 1e-7
  package static let bins = 257
  /// The minimum number of samples: one more than half a Fourier transform.
  package static let fewestSamples = transformLength / 2 + 1

  /// The longest audio that gets one embedding.
  package static let mostSeconds = 60

  /// The description of the input that is stored in weight files.
  package static func description(_ scope: NormalizationScope) -> [String: String] {
    [
      "sample_rate": "\(sampleRate)", "n_fft": "\(transformLength)", "hop_length": "\(hop)", "log_epsilon": "1e-07",
      "normalization": scope.rawValue,
    ]
  }

  package static func frames(samples: Int) -> Int { 1 + samples / hop }

  /// The spectrograms of a whole batch.
  package static func compute(
    clips: Int, samples: Int, scope: NormalizationScope, ops: any Ops, threads: WorkerThreads,
    waveform: @escaping @Sendable (Int, UnsafeMutablePointer<Float>) -> Void, into result: FloatBuffer
  ) {
    compute(
      clips: clips, samples: samples, scope: scope, ops: ops, threads: threads, waveform: waveform, gather: { $0 },
      into: result)
  }

  /// Computes `[clips, 257, frames]` from waveforms of equal length, each `samples` > 256 floats in −1…1.
  ///
  /// Clips are distributed over `threads`, and sums are added in clip order, so the bits do not depend on the number of
  /// threads.
  /// - Parameter gather: used if other ranks have clips of the same batch. It takes the mean and Σ (x − mean)² of these
  ///   clips, two doubles per clip, and returns those of the whole batch.
  package static func compute(
    clips: Int, samples: Int, scope: NormalizationScope, ops: any Ops, threads: WorkerThreads,
    waveform: @escaping @Sendable (Int, UnsafeMutablePointer<Float>) -> Void,
    gather: (DoubleBuffer) throws -> DoubleBuffer, into result: FloatBuffer
  ) rethrows {
    let size = bins * frames(samples: samples)
    let spaces = (0..<threads.count).map { _ in SpectrogramWorkspace(samples: samples) }
    let found = DoubleBuffer(clips * 2)
    threads.forEach(clips) { clip, thread in
      let spectrogram = result.start + clip * size
      let (mean, m2) = spaces[thread].spectrogram(samples, ops, into: spectrogram) { waveform(clip, $0) }
      found.start[2 * clip] = mean
      found.start[2 * clip + 1] = m2
      if scope == .clip {
        SpectrogramNorm(count: size, mean: mean, m2: m2).normalize(size, spectrogram, ops)
      }
    }
    guard scope == .batch else { return }
    var together = SpectrogramMoments()
    let all = try gather(found)
    for clip in 0..<all.count / 2 {
      together.add(count: size, mean: all.start[2 * clip], m2: all.start[2 * clip + 1])
    }
    let norm = together.norm
    threads.forEach(clips) { clip, _ in norm.normalize(size, result.start + clip * size, ops) }
  }
}

/// The memory that one thread needs to compute spectrograms. It grows for longer audio and never shrinks.
package final class SpectrogramWorkspace: @unchecked Sendable {
  private var wave = FloatBuffer(0)
  private var padded = FloatBuffer(0)
  /// Space for a temporary spectrogram, after `fitSpectrogram`.
  package private(set) var result = FloatBuffer(0)

  package init(samples: Int = 0) { fit(samples) }

  /// Makes sure that waveforms of `samples` samples fit.
  package func fit(_ samples: Int) {
    if wave.count < samples {
      (wave, padded) = (FloatBuffer(samples), FloatBuffer(samples + FrontEnd.transformLength))
    }
  }

  /// Makes sure that spectrograms of `count` values fit into `result`.
  package func fitSpectrogram(_ count: Int) { if result.count < count { result = FloatBuffer(count) } }

  /// Computes the log spectrogram of a waveform, not normalized, with its mean and Σ (x − mean)². Call `fit` for
  /// `samples` before.
  /// - Parameter fill: writes the waveform: `samples` floats in −1…1.
  package func spectrogram(
    _ samples: Int, _ ops: any Ops, into place: MutableFloats,
    fill: (UnsafeMutablePointer<Float>) throws -> Void
  ) rethrows -> (mean: Double, m2: Double) {
    try fill(wave.start)
    ops.logSpectrogram(samples, wave.start, padded: padded.start, place)
    return ops.moments(FrontEnd.bins * FrontEnd.frames(samples: samples), place)
  }
}

import Basics
import Kernels

/// Over what the log spectrogram is normalised to zero mean and unit deviation.
package enum NormalizationScope: String, Sendable, Codable, CaseIterable {
  /// Each clip by itself: an embedding does not depend on the clip's batch mates.
  case clip
  /// All clips of a batch together, as the reference does.
  case batch
}

/// The student's input: the log power spectrogram of Wav2CLIP's reference, with its odd hop.
package struct FrontEnd: Sendable {
  package static let sampleRate = 16_000
  package static let transformLength = 512
  package static let hop = 353
  package static let logEpsilon = 1e-7
  package static let bins = 257

  /// What weight files say about their input.
  package static func description(_ scope: NormalizationScope) -> [String: String] {
    [
      "sample_rate": "\(sampleRate)", "n_fft": "\(transformLength)", "hop_length": "\(hop)", "log_epsilon": "1e-07",
      "normalization": scope.rawValue,
    ]
  }

  package static func frames(samples: Int) -> Int { 1 + samples / hop }

  /// Computes `[clips, 257, frames]` from waveforms of equal length, each `samples` > 256 floats in −1…1.
  ///
  /// Clips are spread over `threads`; sums meet in clip order, so the bits do not depend on their number.
  package static func compute(
    clips: Int, samples: Int, scope: NormalizationScope, kernels: any LayerKernels, threads: WorkerThreads,
    waveform: @escaping @Sendable (Int, UnsafeMutablePointer<Float>) -> Void, into result: FloatBuffer
  ) {
    let size = bins * frames(samples: samples)
    let wave = FloatBuffer(threads.count * samples)
    let padded = FloatBuffer(threads.count * (samples + 512))
    let moments = DoubleBuffer(clips * 2)
    threads.forEach(clips) { clip, thread in
      waveform(clip, wave.start + thread * samples)
      let spectrogram = result.start + clip * size
      kernels.logSpectrogram(
        samples, wave.start + thread * samples, padded: padded.start + thread * (samples + 512), spectrogram)
      let (mean, squares) = kernels.moments(size, spectrogram)
      moments.start[2 * clip] = mean
      moments.start[2 * clip + 1] = squares
      if scope == .clip { normalise(spectrogram, size, mean, squares, count: size, kernels) }
    }
    guard scope == .batch else { return }
    var total = Moments()
    for clip in 0..<clips {
      total.merge(count: Double(size), mean: moments.start[2 * clip], squares: moments.start[2 * clip + 1])
    }
    let (mean, squares) = (total.mean, total.squares)
    threads.forEach(clips) { clip, _ in
      normalise(result.start + clip * size, size, mean, squares, count: size * clips, kernels)
    }
  }

  /// (x − mean) / (deviation + 1e−9), the deviation unbiased, as the reference has it.
  private static func normalise(
    _ x: UnsafeMutablePointer<Float>, _ size: Int, _ mean: Double, _ squares: Double, count: Int,
    _ kernels: any LayerKernels
  ) {
    let deviation = (squares / Double(max(1, count - 1))).squareRoot()
    kernels.normalise(size, x, mean: Float(mean), factor: Float(1 / (deviation + 1e-9)))
  }
}

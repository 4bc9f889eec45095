import Audio
import Basics
import Kernels
import Training

/// The mean and deviation over time of each mel band's logarithm: features of an audio clip without any network.
///
/// 64 triangular bands, evenly spaced on the mel scale 2595 · log₁₀(1 + f / 700) from 0 to 8 kHz, computed from the
/// student's own power spectrogram.
package enum LogMelStatistics {
  package static let bands = 64
  /// Means, then deviations.
  package static let width = 2 * bands
  private static let floor = 1e-7

  /// - Parameter samples: more than 256 of them, 16 kHz mono in −1…1.
  package static func compute(_ samples: [Float], kernels: any Ops) -> [Float] {
    let frames = FrontEnd.frames(samples: samples.count)
    let spectrogram = FloatBuffer(FrontEnd.bins * frames)
    let padded = FloatBuffer(samples.count + FrontEnd.transformLength)
    kernels.logSpectrogram(samples.count, samples, padded: padded.start, spectrogram.start)
    var (means, deviations) = ([Float](), [Float]())
    for filter in filters {
      var (sum, squares) = (0.0, 0.0)
      for frame in 0..<frames {
        var power = 0.0
        for (bin, weight) in filter {
          power += weight * max(0, exponential(Double(spectrogram.start[bin * frames + frame])) - FrontEnd.logEpsilon)
        }
        let value = naturalLogarithm(power + floor)
        sum += value
        squares += value * value
      }
      let mean = sum / Double(frames)
      means.append(Float(mean))
      deviations.append(Float(max(0, squares / Double(frames) - mean * mean).squareRoot()))
    }
    return means + deviations
  }

  /// The bins of each band with their weights.
  private static let filters: [[(bin: Int, weight: Double)]] = {
    let mel = { (frequency: Double) in 2595 / naturalLogarithm(10) * naturalLogarithm(1 + frequency / 700) }
    let frequency = { (mel: Double) in 700 * (powerOfTen(mel / 2595) - 1) }
    let top = mel(Double(FrontEnd.sampleRate) / 2)
    let edges = (0...bands + 1).map { frequency(top * Double($0) / Double(bands + 1)) }
    return (0..<bands).map { band in
      let (low, middle, high) = (edges[band], edges[band + 1], edges[band + 2])
      let weights = (0..<FrontEnd.bins).map { bin -> (bin: Int, weight: Double) in
        let f = Double(bin * FrontEnd.sampleRate) / Double(FrontEnd.transformLength)
        return (bin, max(0, min((f - low) / (middle - low), (high - f) / (high - middle))))
      }
      let kept = weights.filter { $0.weight > 0 }
      // The lowest bands are narrower than a bin: each takes the nearest bin.
      let nearest = Int((middle * Double(FrontEnd.transformLength) / Double(FrontEnd.sampleRate)).rounded())
      return kept.isEmpty ? [(nearest, 1)] : kept
    }
  }()
}

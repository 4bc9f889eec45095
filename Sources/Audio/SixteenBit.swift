import Basics
import CResampler

/// Samples as FLAC keeps them.
package enum SixteenBit {
  /// The largest magnitude; 1 is full scale. Samples must be finite.
  package static func peak(_ samples: UnsafeBufferPointer<Float>) -> Float {
    // Magnitudes compare as their bits do, and of whole numbers the compiler takes several at a time.
    var largest: UInt32 = 0
    for sample in samples { largest = max(largest, sample.magnitude.bitPattern) }
    return Float(bitPattern: largest)
  }

  /// Whether nothing of audio with this peak is left, up to the last bit.
  package static func isSilent(_ peak: Float) -> Bool { peak * 32768 < 1.5 }

  /// What was measured of audio that is silent, for people.
  package static func silence(_ peak: Float) -> String {
    peak == 0
      ? "all samples are zero"
      : "the peak is \(tenths(20 / naturalLogarithm(10) * naturalLogarithm(Double(peak)))) dBFS"
  }

  /// Full scale 1 to 16 bit: rounded to nearest, halves to even, clipped.
  package static func rounded(_ samples: [Float]) -> [Int16] {
    [Int16](unsafeUninitializedCapacity: samples.count) { buffer, count in
      if let target = buffer.baseAddress { sound_to_int16(samples, target, Int64(samples.count)) }
      count = samples.count
    }
  }
}

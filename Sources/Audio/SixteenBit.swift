import Basics
import CResampler

/// Samples in 16 bits, as FLAC stores them.
package enum SixteenBit {
  /// The largest magnitude; 1 is full scale. Samples must be finite.
  package static func peak(_ samples: UnsafeBufferPointer<Float>) -> Float {
    // Float magnitudes compare like their bit patterns, and the compiler vectorizes integer comparisons.
    var largest: UInt32 = 0
    for sample in samples { largest = max(largest, sample.magnitude.bitPattern) }
    return Float(bitPattern: largest)
  }

  /// Whether audio with this peak is silent in 16 bits, apart from the last bit.
  package static func isSilent(_ peak: Float) -> Bool { peak * 32768 < 1.5 }

  /// The measured level of silent audio, for messages.
  package static func silence(_ peak: Float) -> String {
    peak == 0
      ? "all samples are zero"
      : "the peak is \(tenths(20 / naturalLogarithm(10) * naturalLogarithm(Double(peak)))) dBFS"
  }

  /// Converts samples with full scale 1 to 16 bits: rounded to nearest, halves to even, clipped.
  package static func rounded(_ samples: [Float]) -> [Int16] {
    [Int16](unsafeUninitializedCapacity: samples.count) { buffer, count in
      if let target = buffer.baseAddress { sound_to_int16(samples, target, Int64(samples.count)) }
      count = samples.count
    }
  }
}

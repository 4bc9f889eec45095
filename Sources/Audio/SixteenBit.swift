import Basics
import CResampler

/// Samples as FLAC keeps them.
package enum SixteenBit {
  /// The largest magnitude; 1 is full scale. Samples must be finite.
  package static func peak(_ samples: UnsafeBufferPointer<Float>) -> Float {
    // Sixteen at a time: one maximum after the other waits for the one before.
    let bytes = UnsafeRawBufferPointer(samples)
    let whole = samples.count / 16 * 16
    var lanes = SIMD16<Float>.zero
    for i in stride(from: 0, to: whole * 4, by: 64) {
      let values = bytes.loadUnaligned(fromByteOffset: i, as: SIMD16<Float>.self)
      lanes = pointwiseMax(lanes, pointwiseMax(values, -values))
    }
    return samples[whole...].reduce(lanes.max()) { max($0, abs($1)) }
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

import CResampler

/// Samples as FLAC keeps them.
package enum SixteenBit {
  /// Full scale 1 to 16 bit: rounded to nearest, halves to even, clipped.
  package static func rounded(_ samples: [Float]) -> [Int16] {
    [Int16](unsafeUninitializedCapacity: samples.count) { buffer, count in
      if let target = buffer.baseAddress { sound_to_int16(samples, target, Int64(samples.count)) }
      count = samples.count
    }
  }
}

/// Random numbers that depend only on a seed and their purpose, never on the time or place of the draw.
///
/// SplitMix64 (Steele, Lea, Flood 2014): its state after k draws has a closed form, so any element of a stream can be
/// computed directly, in any order, on any thread.
package struct SeededRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  /// A separate stream for each purpose: `SeededRandom(seed: 1, for: "dropout", epoch, step)`.
  package init(seed: UInt64, for purpose: String, _ numbers: UInt64...) {
    var state = seed
    for byte in purpose.utf8 { state = Self.mix(state ^ UInt64(byte)) }
    for number in numbers { state = Self.mix(state ^ number) }
    self.state = Self.mix(state)
  }

  package static func mix(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  package mutating func next() -> UInt64 {
    let value = Self.mix(state)
    state &+= 0x9E37_79B9_7F4A_7C15
    return value
  }

  /// Uniform in [0, 1), 53 bits.
  package mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// Standard normal: the first value of the Box-Muller transform, in double precision. (The sum of twelve uniforms
  /// would have the right variance, but thin tails.)
  package mutating func normal() -> Double {
    let radius = (-2 * naturalLogarithm(1 - uniform())).squareRoot()
    return radius * cosine(2 * .pi * uniform())
  }

  /// Fisher-Yates.
  package mutating func shuffle<T>(_ items: inout [T]) {
    guard items.count > 1 else { return }
    for i in stride(from: items.count - 1, to: 0, by: -1) {
      items.swapAt(i, Int(next().multipliedFullWidth(by: UInt64(i + 1)).high))
    }
  }
}

import CMathematics
import Foundation
import Testing

/// A function of mathematics.c, the C library's function, the ranges to compare them in, and results that must never
/// change.
struct MathematicalFunction: Sendable, CustomTestStringConvertible {
  let name: String
  let here: @Sendable (Double) -> Double
  let there: @Sendable (Double) -> Double
  let ranges: [ClosedRange<Double>]
  let known: [(x: Double, bits: UInt64)]
  var testDescription: String { name }

  static let all: [MathematicalFunction] = [
    MathematicalFunction(
      name: "exp", here: math_exp, there: { Foundation.exp($0) }, ranges: [-745...709, -2...2],
      known: [
        (0.5, 0x3FFA_6129_8E1E_069C), (-1.0, 0x3FD7_8B56_362C_EF38), (100.25, 0x48F8_C39B_9134_BAC4),
        (-0.001, 0x3FEF_F7CF_E56F_1A9E), (-740.5, 0x0000_0000_0000_0033),
      ]),
    MathematicalFunction(
      name: "exp10", here: math_exp10, there: { Foundation.pow(10, $0) }, ranges: [-323...308, -2...2],
      known: [
        (0.5, 0x4009_4C58_3ADA_5B53), (-1.0, 0x3FB9_9999_9999_999A), (2.75, 0x4081_92BB_08B3_8ECD),
        (-0.001, 0x3FEF_ED28_AF2A_B826), (-320.5, 0x0000_0000_0000_0280),
      ]),
    MathematicalFunction(
      name: "log", here: math_log, there: { Foundation.log($0) }, ranges: [1e-300...1e6, 0.5...2],
      known: [
        (0.5, 0xBFE6_2E42_FEFA_39EF), (3.0, 0x3FF1_93EA_7AAD_030B), (.leastNonzeroMagnitude, 0xC087_4385_446D_71C3),
        (0.999, 0xBF50_6467_0D97_9B73), (12345.678, 0x4022_D795_5979_1E31),
      ]),
    MathematicalFunction(
      name: "log1p", here: math_log1p, there: { Foundation.log1p($0) }, ranges: [-0.999...1e6, -0.9...1],
      known: [
        (0.5, 0x3FD9_F323_ECBF_984C), (-0.75, 0xBFF6_2E42_FEFA_39EF), (1e-10, 0x3DDB_7CDF_D9D1_D693),
        (-0.001, 0xBF50_6467_0D97_9B6F), (12345.678, 0x4022_D79F_F745_B2FD),
      ]),
    MathematicalFunction(
      name: "sin", here: math_sin, there: { Foundation.sin($0) }, ranges: [-1e6...1e6, -4...4],
      known: [
        (0.5, 0x3FDE_AEE8_744B_05F0), (-1.0, 0xBFEA_ED54_8F09_0CEE), (3.141592653589793, 0x3CA1_A626_3314_5C07),
        (999999.5, 0xBFE8_3335_7B14_89F3), (1e+22, 0xBFEB_453A_B76B_F397),
      ]),
    MathematicalFunction(
      name: "cos", here: math_cos, there: { Foundation.cos($0) }, ranges: [-1e6...1e6, -4...4],
      known: [
        (0.5, 0x3FEC_1528_065B_7D50), (-1.0, 0x3FE1_4A28_0FB5_068C), (1.5707963267948966, 0x3C91_A626_3314_5C07),
        (999999.5, 0x3FE4_EFDF_C640_FC4D), (1e+22, 0x3FE0_BE2C_EF01_C8F4),
      ]),
    MathematicalFunction(
      name: "tanh", here: math_tanh, there: { Foundation.tanh($0) }, ranges: [-20...20, -1...1],
      known: [
        (0.25, 0x3FCF_597E_A69A_1C86), (-0.5, 0xBFDD_9353_D756_8AF3), (1.0, 0x3FE8_5EFA_B514_F394),
        (0.001, 0x3F50_624D_7751_6CE2), (7.5, 0x3FEF_FFFE_B78A_3C73),
      ]),
    MathematicalFunction(
      name: "erf", here: math_erf, there: { Foundation.erf($0) }, ranges: [-6...6, -1.5...1.5],
      known: [
        (0.25, 0x3FD1_AF54_E232_D609), (-0.5, 0xBFE0_A7EF_5C18_EDD2), (1.25, 0x3FED_8865_D98A_BE00),
        (0.001, 0x3F52_7CC3_804D_374C), (3.5, 0x3FEF_FFFE_710D_565E),
      ]),
  ]
}

@Suite("Elementary functions from + - * / only")
struct MathematicsTests {
  static let seed: UInt64 = 20_240_607

  /// The distance between two doubles, counted in representable values.
  private func distance(_ a: Double, _ b: Double) -> UInt64 {
    func place(_ x: Double) -> Int64 {
      let size = Int64(x.magnitude.bitPattern)
      return x.sign == .minus ? -size : size
    }
    return (place(a) &- place(b)).magnitude
  }

  private func expectBits(
    _ value: Double, _ expected: Double, location: SourceLocation = #_sourceLocation
  ) {
    #expect(value.bitPattern == expected.bitPattern, "\(value), not \(expected)", sourceLocation: location)
  }

  @Test("within 2 ulp of the C library", arguments: MathematicalFunction.all)
  func accuracy(function: MathematicalFunction) {
    print("\(function.name): seed \(Self.seed)")
    var random = SplitMix(state: Self.seed)
    for range in function.ranges {
      var (worst, place) = (UInt64(0), 0.0)
      for _ in 0..<20_000 {
        let x = Double.random(in: range, using: &random)
        let apart = distance(function.here(x), function.there(x))
        if apart > worst { (worst, place) = (apart, x) }
      }
      #expect(worst <= 2, "\(function.name) at \(place), seed \(Self.seed)")
    }
  }

  @Test("the same bits on every CPU and from every compiler", arguments: MathematicalFunction.all)
  func bits(function: MathematicalFunction) {
    for (x, bits) in function.known {
      #expect(function.here(x).bitPattern == bits, "\(function.name)(\(x)) is \(function.here(x))")
    }
  }

  @Test("NaN stays NaN, with one bit pattern", arguments: MathematicalFunction.all)
  func notANumber(function: MathematicalFunction) {
    for x in [Double.nan, -Double.nan, Double(nan: 5, signaling: false)] {
      #expect(function.here(x).bitPattern == 0x7FF8_0000_0000_0000)
    }
  }

  @Test("infinities")
  func infinities() {
    expectBits(math_exp(.infinity), .infinity)
    expectBits(math_exp(-.infinity), 0)
    expectBits(math_exp10(.infinity), .infinity)
    expectBits(math_exp10(-.infinity), 0)
    expectBits(math_log(.infinity), .infinity)
    expectBits(math_log1p(.infinity), .infinity)
    expectBits(math_tanh(.infinity), 1)
    expectBits(math_tanh(-.infinity), -1)
    expectBits(math_erf(.infinity), 1)
    expectBits(math_erf(-.infinity), -1)
    for x in [Double.infinity, -.infinity] {
      expectBits(math_sin(x), Double(bitPattern: 0x7FF8_0000_0000_0000))
      expectBits(math_cos(x), Double(bitPattern: 0x7FF8_0000_0000_0000))
    }
  }

  @Test("zeros keep their sign where the function is odd")
  func zeros() {
    for zero in [0.0, -0.0] {
      for odd in [math_sin, math_tanh, math_erf, math_log1p] { expectBits(odd(zero), zero) }
      for even in [math_exp, math_exp10, math_cos] { expectBits(even(zero), 1) }
      expectBits(math_log(zero), -.infinity)
    }
    expectBits(math_log(1), 0)
  }

  @Test("outside the domain")
  func domain() {
    expectBits(math_log1p(-1), -.infinity)
    for x in [-Double.leastNonzeroMagnitude, -1, -Double.infinity] { #expect(math_log(x).isNaN) }
    for x in [(-1.0).nextDown, -2, -Double.infinity] { #expect(math_log1p(x).isNaN) }
  }

  @Test("overflow, and underflow through subnormal numbers")
  func extremes() {
    expectBits(math_exp(0x1.62e42fefa39efp+9), 0x1.fffffffffff2ap+1023)
    expectBits(math_exp(0x1.62e42fefa39f0p+9), .infinity)
    expectBits(math_exp(-0x1.74910d52d3051p+9), .leastNonzeroMagnitude)
    expectBits(math_exp(-0x1.74910d52d3053p+9), 0)
    expectBits(math_exp10(308.3), .infinity)
    expectBits(math_exp10(-323), 0x1p-1073)
    expectBits(math_exp10(-324), 0)
    for odd in [math_sin, math_tanh, math_erf, math_log1p] {
      expectBits(odd(-.leastNonzeroMagnitude), -.leastNonzeroMagnitude)
    }
  }

  @Test("powers of ten that are doubles are exact")
  func powersOfTen() {
    var power = 1.0
    for exponent in 0...22 {
      expectBits(math_exp10(Double(exponent)), power)
      power *= 10
    }
  }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

import CResampler
import Foundation
import Testing

/// Compares the resampler's output with the expected sine, at common sample rates.
@Suite struct ResamplerTests {
  private static let margin = 4096

  /// One second of a sine of `hertz`, resampled to 16 kHz; sample 0 is at time 0.
  private func sine(_ hertz: Double, rate: Int, plain: Bool = false) throws -> [Float] {
    let filter = try #require(resampler_make(Int32(rate), 16_000))
    defer { resampler_free(filter) }
    resampler_use_plain(filter, plain)
    let input = (-Self.margin..<rate + Self.margin).map {
      Float(0.5 * sin(2 * .pi * hertz * Double($0) / Double(rate)))
    }
    var output = [Float](repeating: 0, count: 16_000)
    resampler_add(filter, input, Int64(input.count), Int64(Self.margin), &output, 16_000)
    return output
  }

  private func decibels(_ samples: [Double]) -> Double {
    10 * log10(samples.reduce(0) { $0 + $1 * $1 } / Double(samples.count) / 0.125 + 1e-30)
  }

  @Test(
    "passes a sine below 7 kHz on time and within 0.1 dB",
    arguments: [8_000, 11_025, 22_050, 44_099, 44_100, 48_000, 96_000])
  func passes(rate: Int) throws {
    for hertz in stride(from: 100.0, to: min(7_000, 0.43 * Double(rate)), by: 731) {
      let output = try sine(hertz, rate: rate).map(Double.init)
      let error = output.indices.map { output[$0] - 0.5 * sin(2 * .pi * hertz * Double($0) / 16_000) }
      #expect(abs(decibels(output)) < 0.1, "\(hertz) Hz")
      #expect(decibels(error) < -60, "\(hertz) Hz")
    }
  }

  @Test("attenuates frequencies above 9 kHz by 80 dB", arguments: [22_050, 44_100, 48_000, 96_000])
  func stops(rate: Int) throws {
    for hertz in stride(from: 9_000.0, to: 0.5 * Double(rate), by: 373) {
      #expect(try decibels(sine(hertz, rate: rate).map(Double.init)) < -80, "\(hertz) Hz")
    }
  }

  @Test("gives the same bits with and without vector instructions", arguments: [8_000, 22_050, 44_099, 44_100, 48_000])
  func bits(rate: Int) throws {
    let wide = try sine(997, rate: rate).map(\.bitPattern)
    #expect(try wide == sine(997, rate: rate, plain: true).map(\.bitPattern))
  }

  @Test("rounds to 16 bit, halves to even, and clips")
  func rounds() {
    let input: [Float] = [0, 0.5, 1.5, -0.5, -1.5, 2.5, 40_000, -40_000, 32_767.4].map { $0 / 32_768 }
    var output = [Int16](repeating: 7, count: input.count)
    sound_to_int16(input, &output, Int64(input.count))
    #expect(output == [0, 0, 2, 0, -2, 2, 32_767, -32_768, 32_767])
  }
}

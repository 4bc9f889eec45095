import Basics
import TestSupport
import Testing

/// Checks the comparison of gradients: no path's bounds may accept wrong gradients.
@Suite("What the comparison with golden gradients refuses")
struct AgreementTests {
  private static let expected: [Float] = {
    var random = SeededRandom(seed: 4)
    return (0..<200).map { _ in Float(random.normal()) }
  }()

  @Test(
    "zeros, a flipped sign, other numbers, too few, NaN: on every path, in every layer", arguments: GoldenPath.allCases)
  func refused(path: GoldenPath) {
    let expected = Self.expected
    var broken = expected
    broken[7] = .nan
    let wrong: [(String, [Float])] = [
      ("zeros", expected.map { _ in 0 }), ("the other sign", expected.map { -$0 }), ("backwards", expected.reversed()),
      ("too few", Array(expected.dropLast())), ("NaN", broken), ("twice as much and more", expected.map { 2.6 * $0 }),
      ("nearly nothing, the wrong way", expected.map { -1e-6 * $0 }),
    ]
    for (what, found) in wrong {
      for isBefore in [true, false] {
        #expect(!path.accepts(Agreement(found, expected), isBefore: isBefore), "\(what)")
      }
    }
    for isBefore in [true, false] { #expect(path.accepts(Agreement(expected, expected), isBefore: isBefore)) }
  }

  @Test("the cosine follows its definition, and nothing agrees with zeros")
  func cosine() {
    let found = Agreement([3, 0], [Float(3), 4])
    #expect(abs(found.cosine - 0.6) < 1e-12 && found.error == 1)
    #expect(Agreement([0, 0], [Float(0), 0]).cosine == 0 && Agreement([0, 0], [Float(0), 0]).error == .infinity)
    #expect(Agreement([1], [Float(1)]).holds(error: 0, cosine: 1) && Agreement([-1], [Float(1)]).cosine == -1)
  }
}

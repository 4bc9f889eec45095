import Basics

/// How clips that no manifest places are split: by hash of the source video, so that clips of one video stay together
/// and no clip changes its split when others come.
package struct SplitShares: Sendable, Hashable, Codable {
  /// Between 0 and 1, below 1 together.
  package var validation: Double
  package var test: Double

  package init(validation: Double = 0.05, test: Double = 0) {
    (self.validation, self.test) = (validation, test)
  }

  /// Validation videos are at the beginning of the hashes' range, test videos at its end: what one share is does not
  /// move clips of the other.
  package func split(_ sourceVideo: String) -> Split {
    let hash = Digest(of: "split\0\(sourceVideo)").prefix64
    // In 0..<1. The remainder comes first: by it alone the first version chose one video in twenty.
    let place = (Double(hash % 20) + Double(hash / 20 % (1 << 40)) / Double(1 << 40)) / 20
    if place < validation { return .validation }
    return place >= 1 - test ? .test : .train
  }

  /// All digits of both, for what depends on them.
  package var identity: String { "\(validation) \(test)" }

  /// `5 % validation, no test`.
  package var text: String {
    func share(_ value: Double, _ name: String) -> String {
      value == 0 ? "no \(name)" : "\(percent(value)) % \(name)"
    }
    return "\(share(validation, "validation")), \(share(test, "test"))"
  }

  private func percent(_ value: Double) -> String {
    let hundredths = (value * 10_000).rounded() / 100
    return hundredths == hundredths.rounded() ? "\(Int(hundredths))" : "\(hundredths)"
  }
}

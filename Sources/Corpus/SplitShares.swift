import Basics

/// How clips without a split in a manifest are split: by a hash of the source video, so that clips of one video stay
/// together and no clip changes its split when others are added.
package struct SplitShares: Sendable, Hashable, Codable {
  /// Each between 0 and 1; their sum is below 1.
  package var validation: Double
  package var test: Double

  package init(validation: Double = 0.05, test: Double = 0) {
    (self.validation, self.test) = (validation, test)
  }

  /// Validation videos are at the beginning of the range of hashes, test videos at its end, so that changing one share
  /// does not move clips of the other split.
  package func split(_ sourceVideo: String) -> Split {
    let hash = Digest(of: "split\0\(sourceVideo)").prefix64
    // In 0..<1. The remainder comes first, because the first version used only the remainder to choose one video in
    // twenty.
    let place = (Double(hash % 20) + Double(hash / 20 % (1 << 40)) / Double(1 << 40)) / 20
    if place < validation { return .validation }
    return place >= 1 - test ? .test : .train
  }

  /// Both shares with all digits, for everything that depends on them.
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

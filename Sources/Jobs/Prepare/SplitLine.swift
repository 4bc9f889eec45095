import Corpus

/// Which of the pairs are for training, validation and test, and why: one line for people.
struct SplitLine {
  let text: String

  /// - Parameter hasJoined: whether validation clips were moved to train because there were too few.
  init(_ preparation: Preparation, _ pairs: [Pair], hasJoined: Bool) {
    var counts: [Split: Int] = [:]
    for pair in pairs { counts[pair.split, default: 0] += 1 }
    let (shares, fewest) = (preparation.settings.splitShares, Split.fewestValidationClips)
    var parts: [String] = []
    if preparation.clips.hasSplits {
      parts.append("as the manifest says")
    } else {
      parts.append("by source video, about \((shares ?? SplitShares()).text)")
      if shares == nil { parts.append("--validation and --test choose other shares") }
    }
    let validation = counts[.validation] ?? 0
    if hasJoined {
      parts.append("the validation clips join train, since there are fewer than \(fewest): distill will not validate")
    } else if validation > 0, validation < fewest {
      parts.append("with fewer than \(fewest) validation clips distill does not validate")
    } else if validation == 0 {
      parts.append("without validation clips distill does not validate")
    }
    if (counts[.test] ?? 0) == 0 { parts.append("there is no test split to evaluate on") }
    let found = Split.allCases.map { "\(counts[$0] ?? 0) \($0.rawValue)" }.joined(separator: ", ")
    text = "splits: \(found) (\(parts.joined(separator: "; ")))"
  }
}

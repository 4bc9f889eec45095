import Basics

/// How files longer than a clip are handled if no list gives their clips.
package enum ClipCut: String, Sendable, CaseIterable {
  /// The beginning becomes a clip; the rest is not used.
  case first
  /// Consecutive clips, `X_000000`, `X_000010`, …, as long as enough is left for one.
  case every
}

extension ClipList {
  /// The ends of files that are too short for a clip.
  package struct Remainders: Sendable, Equatable {
    package var count = 0
    package var seconds = 0.0

    package init() {}
  }

  /// A file with a longer stated length becomes a single clip: no recording lasts a month, but a damaged header may say
  /// so.
  private static let longestFile = 31.0 * 86_400

  /// Replaces each file that is longer than a clip by the clips in it.
  /// - Parameters:
  ///   - clipSeconds: the length of a clip.
  ///   - lengths: the lengths of the candidates' files in seconds; nil if unknown.
  /// - Returns: for each new candidate, the index of the old one that it comes from; and the unused ends of the files.
  package mutating func cutAll(clipSeconds: Int, lengths: [Double?]) -> (origins: [Int], remainders: Remainders) {
    var (cut, remainders) = ([(origin: Int, clip: ClipCandidate)](), Remainders())
    for (k, candidate) in candidates.enumerated() {
      let length = lengths[k] ?? 0
      guard candidate.isFileItself, candidate.id != nil, length > Double(clipSeconds) + ClipLength.tolerance,
        length <= Self.longestFile
      else {
        cut.append((k, candidate))
        continue
      }
      let count = Int((length + ClipLength.tolerance) / Double(clipSeconds))
      for part in 0..<count {
        let start = part * clipSeconds
        var clip = Self.candidate(ClipID.text(candidate.idText, second: start), candidate.file)
        (clip.startMilliseconds, clip.label, clip.captions) = (1000 * start, candidate.label, candidate.captions)
        cut.append((k, clip))
      }
      let rest = length - Double(count * clipSeconds)
      if rest > ClipLength.tolerance {
        remainders.count += 1
        remainders.seconds += rest
      }
    }
    cut.sort { Self.precedes($0.clip, $1.clip) }
    candidates = cut.map(\.clip)
    return (cut.map(\.origin), remainders)
  }
}

import Basics

/// What becomes of files that are longer than a clip, where no list says which clips there are.
package enum ClipCut: String, Sendable, CaseIterable {
  /// The beginning is a clip, the rest is not used.
  case first
  /// One clip after the other, `X_000000`, `X_000010`, …, as long as there is enough left for one.
  case every
}

extension ClipList {
  /// What is not part of any clip because too little of a file is left for one.
  package struct Remainders: Sendable, Equatable {
    package var count = 0
    package var seconds = 0.0

    package init() {}
  }

  /// A longer file is taken for one clip: no recording lasts a month, but a damaged header may say so.
  private static let longestFile = 31.0 * 86_400

  /// Replaces each file that is longer than a clip by the clips in it.
  /// - Parameters:
  ///   - clipSeconds: how long a clip is.
  ///   - lengths: of the candidates' files in seconds; nil where nothing is known.
  /// - Returns: for each candidate, which one of before it was made of; and what remains of the files.
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

/// The number of clips for each result. Manifest rows without a file and files without a row do not count as clips.
package struct ClipCounts: Sendable, Equatable {
  package var kept = 0
  package var warned = 0
  package var leftOut = 0
  /// Manifest rows without a file, and files without a row.
  package var unmatched = 0

  package var clips: Int { kept + warned + leftOut }

  package init(_ verdicts: some Sequence<ClipVerdict>) {
    for verdict in verdicts {
      if verdict.isUnmatched {
        unmatched += 1
        continue
      }
      switch verdict.state {
      case .kept: kept += 1
      case .warned: warned += 1
      case .leftOut: leftOut += 1
      }
    }
  }
}

extension ClipVerdict {
  /// Whether it is about a row without a file or a file without a row, which is not a clip.
  package var isUnmatched: Bool { findings.contains { $0.code.isUnmatched } }
}

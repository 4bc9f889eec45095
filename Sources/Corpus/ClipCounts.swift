/// How many clips came to what. Rows of a manifest without a file, and files that it does not name, are no clips.
package struct ClipCounts: Sendable, Equatable {
  package var kept = 0
  package var warned = 0
  package var leftOut = 0
  /// Rows and files without the other.
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
  /// Whether it is of a row or a file alone, which is no clip.
  package var isUnmatched: Bool { findings.contains { $0.code.isUnmatched } }
}

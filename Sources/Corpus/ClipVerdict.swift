/// The verdict on one file or one row of the manifest.
package struct ClipVerdict: Codable, Sendable, Equatable {
  package enum State: String, Codable, Sendable, CaseIterable {
    case kept
    case warned
    case leftOut = "left-out"
  }

  package var id: String
  /// The file's name relative to the directory; empty for a manifest row without a file.
  package var file: String
  package var state: State
  /// The reason why it was left out.
  package var reason: ReasonCode?
  package var findings: [Finding]
  package var split: Split?

  package init(
    id: String, file: String, state: State, reason: ReasonCode? = nil, findings: [Finding], split: Split? = nil
  ) {
    (self.id, self.file, self.state) = (id, file, state)
    (self.reason, self.findings, self.split) = (reason, findings, split)
  }
}

/// A reason, and the number of clips it applies to.
package struct ReasonCount: Codable, Sendable, Equatable {
  /// "left out" or "warning".
  package var title: String
  package var reason: String
  package var count: Int
  package var example: String

  package init(title: String, reason: String, count: Int, example: String) {
    (self.title, self.reason, self.count, self.example) = (title, reason, count, example)
  }

  /// One row per reason: an escaped decoder first, then by decreasing number of clips.
  package static func rows(_ verdicts: [ClipVerdict]) -> [ReasonCount] {
    var (leftOut, warned): ([ReasonCode: ReasonCount], [ReasonCode: ReasonCount]) = ([:], [:])
    func count(_ title: String, _ code: ReasonCode, _ verdict: ClipVerdict, in rows: inout [ReasonCode: ReasonCount]) {
      let evidence = verdict.findings.first { $0.code == code }?.evidence ?? ""
      let example = "\(verdict.file.isEmpty ? verdict.id : verdict.file): \(evidence)"
      let first = ReasonCount(title: title, reason: code.rawValue, count: 0, example: example)
      rows[code, default: first].count += 1
    }
    for verdict in verdicts where !verdict.findings.isEmpty || verdict.reason != nil {
      if let reason = verdict.reason {
        count("left out", reason, verdict, in: &leftOut)
      } else {
        for code in Set(verdict.findings.map(\.code)) { count("warning", code, verdict, in: &warned) }
      }
    }
    let rank = { (row: ReasonCount) in (row.reason == ReasonCode.mediaEscaped.rawValue ? 0 : 1, -row.count, row.reason)
    }
    return [leftOut, warned].flatMap { $0.values.sorted { rank($0) < rank($1) } }
  }
}

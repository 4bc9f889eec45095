import Basics
import Corpus

/// Writes `prepared.csv` beside the shards: a line for each file and each row of the manifest, with its verdict.
///
/// Its first columns are those of a manifest: `id`, `start` (seconds in the file), `label`, `split`. `state` is kept,
/// warned or left-out, `reason` is what left the clip out, and `findings` are joined with semicolons. The table depends
/// only on the clips and their verdicts.
enum ClipTable {
  static let name = "prepared.csv"
  private static let columns = ["id", "start", "label", "split", "state", "reason", "file", "findings"]

  static func bytes(_ prepared: PreparedPairs) -> [UInt8] {
    var text = CommaSeparatedText(columns: columns)
    let candidates = prepared.preparation.clips.candidates
    for (k, verdict) in prepared.verdicts.enumerated() {
      // Verdicts of files without a row and rows without a file come after those of the candidates.
      let candidate = k < candidates.count ? candidates[k] : nil
      text.add([
        verdict.id, candidate.map { MediaTime(milliseconds: $0.startMilliseconds).text }, candidate?.label,
        verdict.split?.rawValue, verdict.state.rawValue, verdict.reason?.rawValue, verdict.file,
        findings(verdict.findings),
      ])
    }
    return text.bytes
  }

  private static func findings(_ findings: [Finding]) -> String? {
    findings.isEmpty ? nil : findings.map { "\($0.code): \($0.evidence)" }.joined(separator: "; ")
  }
}

import Basics
import Corpus

/// The error messages of this module.
extension Failure {
  static func embedSplit(_ directory: String, has splits: [Split]) -> Failure {
    Failure(
      "embed.split", "the shards hold no clips that were kept out of training", on: directory,
      found: splits.map(\.rawValue).joined(separator: ", "), expected: "test or validation",
      hint: "--split train embeds the training clips")
  }

  static func embedSplitOfFiles(_ inputs: [String]) -> Failure {
    Failure(
      "embed.split", "only training shards have splits", on: inputs.joined(separator: ", "),
      expected: "one directory of training shards", exit: .usage)
  }

  static func audioLeftOut(_ leftOut: Int, of total: Int, allowed: Double) -> Failure {
    Failure(
      "sounds.left-out", "more audio was left out than allowed; the rest is written",
      found: "\(leftOut) of \(total)", expected: "at most \(tenths(allowed * 100)) %",
      hint: "the reasons are in the lines above, or raise --max-bad-fraction", exit: .tooManyLeftOut)
  }

  static func nothingEmbedded(_ leftOut: [LeftOutAudio]) -> Failure {
    let first = leftOut.first
    return Failure(
      "embed.none",
      leftOut.count > 1 ? "none of \(leftOut.count) clips could be embedded" : "the audio cannot be embedded",
      on: first?.name, found: first.map { "\($0.finding.code): \($0.finding.evidence)" },
      hint: first?.finding.code.rawValue == "sound.long" ? "--windows gives one embedding a second" : nil)
  }
}

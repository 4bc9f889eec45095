import Basics
import Foundation
import Kernels
import Ranks
import Runs
import Training

/// What ranks must have in common to train one run together.
struct RankAgreement: Codable {
  private let host: String
  /// By name: settings, limits, digests.
  private let values: [String: String]

  /// - Throws: what reading the program throws.
  init(_ run: TrainingRun) throws {
    host = RankGroup.host
    var configuration = run.settings.configuration
    // Rank 0 alone looks for what training starts from, and gives the weights to the others.
    configuration.initialWeights = nil
    var values = try configuration.values()
    let limits = run.settings.limits
    (values["epochs"], values["steps"]) = ("\(limits.epochs)", limits.steps.map { "\($0)" } ?? "no limit")
    values["validateEvery"] = "\(limits.validateEvery)"
    values["maxHours"] = limits.hours.map { "\($0)" } ?? "no limit"
    values["data"] = run.data.digest.short
    values["program"] = "\(ToolVersion.text) \(try Digest.ofFile("/proc/self/exe").short)"
    for (tool, version) in run.description.toolchain { values[tool] = version }
    self.values = values
  }

  /// - Throws: `ranks.differ` on every rank, with the ranks that differ from rank 0 and in what.
  static func check(_ run: TrainingRun, _ ranks: RankGroup) throws {
    guard !ranks.isAlone else { return }
    let own = try ranks.together { try RankAgreement(run) }
    let all = try ranks.texts(CanonicalJSON.bytes(own)).enumerated().map { rank, bytes in
      try CanonicalJSON.decode(RankAgreement.self, from: bytes, source: "rank \(rank)")
    }
    let different = all.indices.filter { all[$0].values != all[0].values }
    guard let first = different.first else { return }
    throw ranks.shared(
      .ranksDiffer(
        different.map { "rank \($0) on \(all[$0].host)" }, differences(all[first].values, all[0].values)))
  }

  private static func differences(_ found: [String: String], _ expected: [String: String]) -> [String] {
    Set(found.keys).union(expected.keys).sorted().filter { found[$0] != expected[$0] }.map {
      "\($0) \(found[$0] ?? "none"), on rank 0 \(expected[$0] ?? "none")"
    }
  }
}

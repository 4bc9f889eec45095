import Basics

/// The values that must be equal on all ranks that train together.
package struct RankAgreement: Codable {
  private let host: String
  /// By name: settings, limits, digests.
  private let values: [String: String]

  /// Compares the values of all ranks, and the versions of their programs.
  ///
  /// - Parameter values: called on every rank if there is more than one.
  /// - Throws: `ranks.differ` on every rank, naming the ranks that differ from rank 0 and the differences; what
  ///   `values` throws.
  package static func check(_ ranks: RankGroup, _ values: () throws -> [String: String]) throws {
    guard !ranks.isAlone else { return }
    let own = try ranks.together {
      let program = "\(ToolVersion.text) \(try Digest.ofFile("/proc/self/exe").short)"
      return RankAgreement(host: RankGroup.host, values: try values().merging(["program": program]) { $1 })
    }
    let all = try ranks.texts(CanonicalJSON.bytes(own)).enumerated().map { rank, bytes in
      try CanonicalJSON.decode(RankAgreement.self, from: bytes, source: "rank \(rank)")
    }
    let different = all.indices.filter { all[$0].values != all[0].values }
    guard let first = different.first else { return }
    throw ranks.shared(
      .ranksDiffer(
        different.map { "rank \($0) on \(all[$0].host)" },
        ValueDifferences.sentences(all[first].values, all[0].values) { "\($0) \($1), on rank 0 \($2)" }))
  }
}

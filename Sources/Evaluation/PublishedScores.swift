import Basics

/// Scores that others published: shown beside ours where they are asked for, marked as published, never computed.
///
/// Only figures that were read where `source` says. Wav2CLIP's own tables are known at second hand alone, and stay out.
package struct PublishedScore: Sendable {
  package var data: String
  package var system: String
  package var scores: [String: Double]
  package var source: String
}

package let publishedScores: [PublishedScore] = {
  let vggsound = "the README of github.com/hche11/VGGSound (VGGSound test split, supervised)"
  return [
    PublishedScore(
      data: "vggsound", system: "ResNet-18, average pooling", scores: ["mAP": 0.516, "AUC": 0.968, "d′": 2.627],
      source: vggsound),
    PublishedScore(data: "vggsound", system: "ResNet-18, NetVLAD", scores: ["mAP": 0.512], source: vggsound),
    PublishedScore(data: "vggsound", system: "ResNet-34", scores: ["mAP": 0.529], source: vggsound),
    PublishedScore(data: "vggsound", system: "ResNet-50", scores: ["mAP": 0.532], source: vggsound),
  ]
}()

extension PublishedScore {
  /// Rows of one data set.
  /// - Throws: `published.unknown` with the names there are.
  package static func rows(of data: String) throws -> [ScoreRow] {
    let rows = publishedScores.filter { $0.data == data.lowercased() }
    guard !rows.isEmpty else { throw Failure.noPublished(data, known: Set(publishedScores.map(\.data)).sorted()) }
    return rows.map { ScoreRow($0.system, .published, scores: $0.scores.mapValues { Spread([$0]) }, source: $0.source) }
  }
}

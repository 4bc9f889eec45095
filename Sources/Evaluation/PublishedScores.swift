import Basics

/// Published scores of other authors: shown beside ours on request, marked as published, never computed.
///
/// Contains only values that were read in `source`. Wav2CLIP's own tables are known only second-hand and are not
/// included.
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
  /// The rows of one data set.
  /// - Throws: `published.unknown` with the known names.
  package static func rows(of data: String) throws -> [ScoreRow] {
    let rows = publishedScores.filter { $0.data == data.lowercased() }
    guard !rows.isEmpty else { throw Failure.noPublished(data, known: Set(publishedScores.map(\.data)).sorted()) }
    return rows.map { ScoreRow($0.system, .published, scores: $0.scores.mapValues { Spread([$0]) }, source: $0.source) }
  }
}

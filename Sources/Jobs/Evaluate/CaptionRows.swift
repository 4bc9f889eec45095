import Basics
import Evaluation

/// One row of the table: captions for the scored clips, one set or one for each seed.
struct CaptionRow {
  var name: String
  var origin = ScoreRow.Origin.measured
  /// For each trial: a caption for each scored clip.
  var trials: [[String]]
  /// For each trial: the indices of the clip's captions that it is compared with; nil uses all.
  var references: [[Int]]?
}

/// The rows of the table: captioners, and the baselines that they are compared with.
enum CaptionRows {
  /// - Parameter sentences: captions of captioners, by the captioner's name.
  static func all(
    _ clips: CaptionClips, sentences: [(name: String, sentences: [String])], _ audioClips: CaptionAudio?, seeds: Int
  ) -> [CaptionRow] {
    var rows: [CaptionRow] = []
    for (name, sentences) in sentences {
      rows.append(CaptionRow(name: name, trials: [sentences]))
      if clips.scored.count > 1 {
        rows.append(
          CaptionRow(
            name: "\(name), shuffled audio", origin: .chance,
            trials: (0..<seeds).map { seed in exchanged(sentences.count, seed).map { sentences[$0] } }))
      }
    }
    if !clips.training.isEmpty {
      for (row, seeds) in audioClips?.embeddings ?? [] {
        let name = row == ClassifySettings.Row.probe.rawValue ? "nearest by audio" : "nearest by \(row)"
        rows.append(CaptionRow(name: name, trials: seeds.map { nearest($0, clips) }))
      }
      rows.append(CaptionRow(name: "most frequent caption", origin: .chance, trials: [mostFrequent(clips)]))
      rows.append(
        CaptionRow(
          name: "random training caption", origin: .chance, trials: (0..<seeds).map { random(clips, seed: $0) }))
    }
    let people = clips.scored.map(\.captions.count).min() ?? 0
    if people > 1 {
      rows.append(
        CaptionRow(
          name: "human", trials: (0..<people).map { k in clips.scored.map { $0.captions[k] } },
          references: (0..<people).map { k in (0..<people).filter { $0 != k } }))
    }
    return rows
  }

  /// Exchanges captions among clips: no clip keeps its own, and each caption is used once.
  static func exchanged(_ count: Int, _ seed: Int) -> [Int] {
    var random = SeededRandom(seed: UInt64(seed), for: "shuffled audio")
    var order = Array(0..<count)
    random.shuffle(&order)
    // Each clip takes the caption of the next one in a random cycle.
    var taken = order
    for (place, clip) in order.enumerated() { taken[clip] = order[(place + 1) % count] }
    return taken
  }

  /// The first caption of the training clip whose embedding has the largest cosine; the first clip if several are
  /// equal.
  private static func nearest(_ embeddings: CaptionAudio.Pair, _ clips: CaptionClips) -> [String] {
    let (queries, gallery) = (
      UnitRows(embeddings.scored.values, width: embeddings.scored.width),
      UnitRows(embeddings.training.values, width: embeddings.training.width)
    )
    return Retrieval.nearest(queries: queries, gallery: gallery, count: 1).map { found in
      found.first.flatMap { clips.training[$0.item].captions.first } ?? ""
    }
  }

  /// The most frequent caption of the training set, for every clip; the first in byte order if several are equally
  /// frequent.
  private static func mostFrequent(_ clips: CaptionClips) -> [String] {
    var counts: [ByteKey: Int] = [:]
    for caption in clips.training.flatMap(\.captions) { counts[ByteKey(caption), default: 0] += 1 }
    let best = counts.min { a, b in a.value == b.value ? precedesInBytes(a.key.text, b.key.text) : a.value > b.value }
    return clips.scored.map { _ in best?.key.text ?? "" }
  }

  /// A random training caption for each clip, determined by the seed and the clip's id.
  private static func random(_ clips: CaptionClips, seed: Int) -> [String] {
    let captions = clips.training.flatMap(\.captions)
    return clips.scored.map { clip in
      var random = SeededRandom(seed: UInt64(seed), for: "random caption\0\(clip.id)")
      return captions[Int(random.next() % UInt64(captions.count))]
    }
  }
}

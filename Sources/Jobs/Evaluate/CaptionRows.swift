import Basics
import Evaluation

/// One row of the table: sentences for the scored clips, one set or one for each seed.
struct CaptionRow {
  var name: String
  var origin = ScoreRow.Origin.measured
  /// A sentence for each scored clip, by trial.
  var trials: [[String]]
  /// What each trial is compared with, as places in the clip's captions; nil: all of them.
  var references: [[Int]]?
}

/// The rows that a captioner is held against: anyone can make them.
enum CaptionRows {
  /// - Parameter sentences: of captioners, by name.
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

  /// Which clip's sentence each clip gets: none its own, all once.
  static func exchanged(_ count: Int, _ seed: Int) -> [Int] {
    var random = SeededRandom(seed: UInt64(seed), for: "shuffled audio")
    var order = Array(0..<count)
    random.shuffle(&order)
    // Each takes from the next in a random circle.
    var taken = order
    for (place, clip) in order.enumerated() { taken[clip] = order[(place + 1) % count] }
    return taken
  }

  /// The first caption of the training clip whose embedding has the largest cosine; of equal ones the first.
  private static func nearest(_ embeddings: CaptionAudio.Pair, _ clips: CaptionClips) -> [String] {
    let (queries, gallery) = (
      UnitRows(embeddings.scored.values, width: embeddings.scored.width),
      UnitRows(embeddings.training.values, width: embeddings.training.width)
    )
    return Retrieval.nearest(queries: queries, gallery: gallery, count: 1).map { found in
      found.first.flatMap { clips.training[$0.item].captions.first } ?? ""
    }
  }

  /// The caption that stands most often in the training set, for every clip; of equally frequent ones the first by
  /// bytes.
  private static func mostFrequent(_ clips: CaptionClips) -> [String] {
    var counts: [ByteKey: Int] = [:]
    for caption in clips.training.flatMap(\.captions) { counts[ByteKey(caption), default: 0] += 1 }
    let best = counts.min { a, b in a.value == b.value ? precedesInBytes(a.key.text, b.key.text) : a.value > b.value }
    return clips.scored.map { _ in best?.key.text ?? "" }
  }

  /// Drawn for each clip by the seed and its id.
  private static func random(_ clips: CaptionClips, seed: Int) -> [String] {
    let captions = clips.training.flatMap(\.captions)
    return clips.scored.map { clip in
      var random = SeededRandom(seed: UInt64(seed), for: "random caption\0\(clip.id)")
      return captions[Int(random.next() % UInt64(captions.count))]
    }
  }
}

import Basics
import Evaluation

/// The scores of all rows of a caption evaluation.
struct CaptionScoring {
  let clips: CaptionClips
  let rows: [CaptionRow]
  /// Digest of the clips' names and captions, and of the training captions.
  let digest: Digest
  /// For each row and trial: the words of each caption.
  let words: [[[[String]]]]
  private let references: CaptionReferences
  private let trainingWords: Set<[String]>
  /// For each row and trial.
  let scores: [[CaptionScores]]

  init(_ clips: CaptionClips, _ rows: [CaptionRow]) {
    (self.clips, self.rows) = (clips, rows)
    let tokenizer = PTBTokenizer()
    let references = CaptionReferences(clips.scored.map(\.captions), tokenizer)
    let words = rows.map { $0.trials.map { $0.map(tokenizer.words) } }
    (self.references, self.words) = (references, words)
    trainingWords = Set(clips.training.flatMap(\.captions).map(tokenizer.words))
    scores = zip(rows, words).map { row, trials in
      trials.enumerated().map { trial, candidates in
        (row.references.map { references.only($0[trial]) } ?? references).scores(candidates)
      }
    }
    let hasher = DigestBuilder()
    for clip in clips.scored { for field in [clip.id] + clip.captions { hasher.update(field: field) } }
    for clip in clips.training { for field in [clip.id] + clip.captions { hasher.update(field: field) } }
    digest = hasher.finish()
  }

  /// Scores by external programs and models, for each row and trial.
  struct Outside {
    var meteor: [[METEORJar.Scores]]?
    /// F-scores of each caption.
    var spice: [[[Double]]]?
    var similarity: (model: String, values: [[[Double]]])?
  }

  /// The words of the references that a trial is compared with.
  private func compared(_ row: Int, _ trial: Int) -> [[[String]]] {
    rows[row].references.map { places in references.words.map { item in places[trial].map { item[$0] } } }
      ?? references.words
  }

  private func byTrial<T>(_ flat: [T]) -> [[T]] {
    var next = flat.makeIterator()
    return words.map { $0.compactMap { _ in next.next() } }
  }

  func meteor(_ jar: METEORJar) throws -> [[METEORJar.Scores]] {
    let tasks = words.indices.flatMap { row in
      words[row].indices.map { METEORJar.Task(candidates: words[row][$0], references: compared(row, $0)) }
    }
    return byTrial(try jar.scores(tasks))
  }

  func spice(_ jar: SPICEJar) throws -> [[[Double]]] {
    try words.indices.map { row in
      try words[row].indices.map { try jar.scores(candidates: words[row][$0], references: compared(row, $0)) }
    }
  }

  /// For each row, trial and clip: the mean cosine similarity to the references.
  func similarity(_ model: SentenceSimilarity) throws -> (model: String, values: [[[Double]]]) {
    let values = try rows.map { row in
      try row.trials.enumerated().map { trial, sentences in
        try zip(sentences, clips.scored).map { sentence, clip in
          let chosen = row.references.map { $0[trial].map { clip.captions[$0] } } ?? clip.captions
          return Scores.mean(try chosen.map { try model.cosine(sentence, $0) })
        }
      }
    }
    return (model.name, values)
  }

  // MARK: Tables

  func table(_ extra: Outside) -> [ScoreRow] {
    rows.indices.map { row in
      var values: [String: Spread] = [:]
      func put(_ column: String, _ value: (Int) -> Double) { values[column] = Spread(scores[row].indices.map(value)) }
      for n in 0..<4 { put("BLEU-\(n + 1)") { scores[row][$0].bleu[n] } }
      put("ROUGE-L") { scores[row][$0].rougeL }
      put("CIDEr-D") { scores[row][$0].ciderD }
      if let meteor = extra.meteor { put("METEOR") { meteor[row][$0].corpus } }
      if let spice = extra.spice {
        put("SPICE") { Scores.mean(spice[row][$0]) }
        put("SPIDEr") { (Scores.mean(spice[row][$0]) + scores[row][$0].ciderD) / 2 }
      }
      if let similarity = extra.similarity { put("CLIP similarity") { Scores.mean(similarity.values[row][$0]) } }
      return ScoreRow(rows[row].name, rows[row].origin, scores: values)
    }
  }

  func variety() -> [ScoreRow] {
    rows.indices.map { row in
      let found = words[row].map { CaptionVariety($0, training: trainingWords) }
      var values = [
        "vocabulary": Spread(found.map { Double($0.vocabulary) }), "mean length": Spread(found.map(\.meanLength)),
        "distinct": Spread(found.map { Double($0.distinct) }),
      ]
      if !trainingWords.isEmpty { values["copied"] = Spread(found.map(\.copied)) }
      return ScoreRow(rows[row].name, rows[row].origin, scores: values)
    }
  }

  // MARK: Sentences

  /// Clips evenly spread over all, with the first trial of every row.
  func examples(most: Int) -> [CaptionExample] {
    let count = clips.scored.count
    return (0..<min(most, count)).map { place in
      let index = place * count / min(most, count)
      let clip = clips.scored[index]
      return CaptionExample(
        clip: clip.id, references: clip.captions,
        sentences: rows.map { .init(row: $0.name, text: $0.trials.first?[index] ?? "") })
    }
  }

  private struct Line: Encodable {
    var row: String
    var trial: Int
    var id: String
    var candidate: String
    var words: [String]
    var references: [String]
    var bleu: [Double]
    var rougeL: Double
    var ciderD: Double
    var meteor: Double?
    var spice: Double?
    var similarity: Double?
  }

  /// Writes every caption with its scores as JSON lines, for external tools.
  func save(_ extra: Outside, to path: String) throws {
    var text = ""
    for (row, content) in rows.enumerated() {
      for (trial, sentences) in content.trials.enumerated() {
        for (place, clip) in clips.scored.enumerated() {
          let item = scores[row][trial].items[place]
          let chosen = content.references.map { $0[trial].map { clip.captions[$0] } } ?? clip.captions
          let line = Line(
            row: content.name, trial: trial, id: clip.id, candidate: sentences[place], words: words[row][trial][place],
            references: chosen, bleu: item.bleu, rougeL: item.rougeL, ciderD: item.ciderD,
            meteor: extra.meteor?[row][trial].items[place], spice: extra.spice?[row][trial][place],
            similarity: extra.similarity?.values[row][trial][place])
          text += try CanonicalJSON.text(line) + "\n"
        }
      }
    }
    try Files.makeDirectory(Files.parent(path))
    try Files.write(text, to: path)
  }
}

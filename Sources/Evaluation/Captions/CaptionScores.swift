/// The references of each item, tokenized once for all candidates.
package struct CaptionReferences: Sendable {
  /// The original texts, by item.
  package let texts: [[String]]
  /// Words of each reference, by item.
  package let words: [[[String]]]
  private let consensus: CIDErD

  /// - Parameter texts: the references of each item, at least one.
  package init(_ texts: [[String]], _ tokenizer: PTBTokenizer) {
    self.init(texts, words: texts.map { $0.map(tokenizer.words) })
  }

  /// - Parameter words: the words of texts that are already tokenized.
  package init(_ texts: [[String]], words: [[[String]]]) {
    (self.texts, self.words) = (texts, words)
    consensus = CIDErD(references: words)
  }

  /// The references at some positions of each item.
  package func only(_ places: [Int]) -> CaptionReferences {
    CaptionReferences(
      texts.map { item in places.map { item[$0] } }, words: words.map { item in places.map { item[$0] } })
  }

  /// Scores one candidate for each item.
  package func scores(_ candidates: [[String]]) -> CaptionScores {
    var numbers = WordNumbers()
    let consensus = consensus.scores(candidates)
    var (total, items) = (BLEU(), [CaptionScores.Item]())
    for (place, candidate) in candidates.enumerated() {
      let (own, others) = (numbers(candidate), words[place].map { numbers($0) })
      let bleu = BLEU(candidate: own, references: others)
      total += bleu
      items.append(
        .init(bleu: bleu.scores, rougeL: ROUGEL.score(candidate: own, references: others), ciderD: consensus[place]))
    }
    return CaptionScores(items: items, bleu: total.scores)
  }
}

/// BLEU, ROUGE-L and CIDEr-D of one candidate for each item, as computed by pycocoevalcap on the same words.
package struct CaptionScores: Sendable, Equatable {
  package struct Item: Sendable, Equatable {
    /// BLEU-1 … BLEU-4.
    package var bleu: [Double]
    package var rougeL: Double
    package var ciderD: Double
  }

  package let items: [Item]
  /// BLEU-1 … BLEU-4 of the corpus: from summed counts, not the mean of the items.
  package let bleu: [Double]

  /// Means over the items.
  package var rougeL: Double { Scores.mean(items.map(\.rougeL)) }
  package var ciderD: Double { Scores.mean(items.map(\.ciderD)) }
}

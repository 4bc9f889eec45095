import Basics
import Foundation
import Testing

@testable import Evaluation

@Suite("Scores of captions") struct CaptionScoresTests {
  private func scores(_ items: [(String, [String])]) -> CaptionScores {
    let words = { (text: String) in text.split(separator: " ").map(String.init) }
    return CaptionReferences(items.map(\.1), words: items.map { $0.1.map(words) }).scores(items.map { words($0.0) })
  }

  @Test("a sentence equal to a reference scores one, one with other words zero, and CIDEr-D reaches ten") func ends() {
    let found = scores([
      ("a man speaks over a radio", ["a man speaks over a radio"]), ("rain falls on a roof", ["dogs bark"]),
    ])
    #expect(found.items[0].bleu.allSatisfy { abs($0 - 1) < 1e-8 } && found.items[0].rougeL == 1)
    #expect(abs(found.items[0].ciderD - 10) < 1e-9)
    #expect(found.items[1].bleu[0] < 1e-9 && found.items[1].rougeL == 0 && found.items[1].ciderD == 0)
    #expect(found.ciderD == found.items[0].ciderD / 2)
    // Counts are summed before BLEU is formed: six of eleven words, and the candidates are longer.
    #expect(abs(found.bleu[0] - 6.0 / 11) < 1e-9)
  }

  @Test("degenerate texts have the values that the reference formulas give") func degenerate() {
    let nothing = scores([("", ["a dog barks"]), ("", [""]), ("a dog", ["a dog barks"])]).items
    #expect(nothing[0].bleu == [0, 0, 0, 0] && nothing[0].rougeL == 0 && nothing[0].ciderD == 0)
    // Both are empty: they have one empty word in common.
    #expect(nothing[1].bleu == [0, 0, 0, 0] && nothing[1].rougeL == 1 && nothing[1].ciderD == 0)
    // Two words contain no 3-gram, so the small constants determine the value.
    #expect(abs(nothing[2].bleu[0] - exp(-0.5)) < 1e-8 && nothing[2].bleu[2] > 1e-4 && nothing[2].bleu[2] < 1e-2)
    // With one item, every CIDEr-D weight is ln 1.
    #expect(scores([("a dog barks", ["a dog barks"])]).items[0].ciderD == 0)
    // Length ties go to the shorter reference, so that no penalty applies.
    let tie = scores([("a b c d e", ["a b c d", "a b c d e f"])]).items[0]
    #expect(abs(tie.bleu[0] - 1) < 1e-8)
  }

  /// CIDEr-D by its definition, with strings and dictionaries.
  private func plainCIDErD(_ items: [([String], [[String]])]) -> [Double] {
    func grams(_ words: [String], _ n: Int) -> [String: Int] {
      guard words.count >= n else { return [:] }
      return (0...words.count - n).reduce(into: [:]) { $0[words[$1..<$1 + n].joined(separator: " "), default: 0] += 1 }
    }
    func frequency(_ gram: String, _ n: Int) -> Double {
      Double(max(1, items.count { $0.1.contains { grams($0, n)[gram] != nil } }))
    }
    func embedding(_ words: [String], _ n: Int) -> [String: Double] {
      grams(words, n).reduce(into: [:]) {
        $0[$1.key] = Double($1.value) * (log(Double(items.count)) - log(frequency($1.key, n)))
      }
    }
    func norm(_ v: [String: Double]) -> Double { v.values.map { $0 * $0 }.reduce(0, +).squareRoot() }
    return items.map { candidate, references in
      let sum = references.map { reference -> Double in
        let difference = Double(max(0, candidate.count - 1) - max(0, reference.count - 1))
        return (1...4).map { n -> Double in
          let (a, b) = (embedding(candidate, n), embedding(reference, n))
          let product = a.map { min($0.value, b[$0.key] ?? 0) * (b[$0.key] ?? 0) }.reduce(0, +)
          let norms = norm(a) * norm(b)
          return (norms > 0 ? product / norms : product) * exp(-difference * difference / 72)
        }.reduce(0, +) / 4
      }.reduce(0, +)
      return 10 * sum / Double(references.count)
    }
  }

  @Test("CIDEr-D of random sentences equals its written-out definition, with the same bits each time")
  func consensus() {
    var random = SeededRandom(seed: 3, for: "captions")
    func sentence() -> [String] {
      (0..<Int(1 + random.next() % 9)).map { _ in ["a", "dog", "barks", "rain", "falls", "on"][Int(random.next() % 6)] }
    }
    let items = (0..<12).map { _ in (sentence(), (0..<3).map { _ in sentence() }) }
    let metric = CIDErD(references: items.map(\.1))
    let found = metric.scores(items.map(\.0))
    for (ours, plain) in zip(found, plainCIDErD(items)) { #expect(abs(ours - plain) < 1e-12) }
    #expect(metric.scores(items.map(\.0)) == found && found.contains { $0 > 0 })
    #expect(metric.score(items.map(\.0)) == found.reduce(0, +) / 12)
  }

  @Test("ten thousand words against ten thousand are scored") func long() {
    let text = (0..<10_000).map { "w\($0 % 700)" }.joined(separator: " ")
    let found = scores([(text, [text]), ("a dog", ["a dog barks"])])
    #expect(found.items[0].rougeL == 1 && abs(found.items[0].bleu[3] - 1) < 1e-9 && found.items[0].ciderD > 9.9)
  }

  @Test("vocabulary, length, distinct sentences and those copied from the training set are counted") func variety() {
    let found = CaptionVariety(
      [["a", "dog"], ["a", "dog"], ["rain", "falls", "down"], []], training: [["a", "dog"], ["rain"]])
    #expect(found.vocabulary == 5 && found.distinct == 3 && found.meanLength == 1.75 && found.copied == 0.5)
  }

  @Test("scores of given words match the reference to 1e-9, end to end to 1e-3", .enabled(if: GoldenCaptions.areHere))
  func golden() throws {
    struct Text: Decodable {
      var id: String
      var text: String
      var kept: String
    }
    struct Corpora: Decodable { var corpora: [String: [String: Double?]] }
    let corpora = try JSONDecoder().decode(
      Corpora.self, from: Data(contentsOf: URL(fileURLWithPath: "\(GoldenCaptions.directory)/corpus.json")))
    for (name, gold) in corpora.corpora.sorted(by: { $0.key < $1.key }) {
      var (order, texts) = ([String](), [String: [Text]]())
      for line in try GoldenCaptions.lines("\(name).tokens.jsonl.gz") {
        let text = try JSONDecoder().decode(Text.self, from: Data(line.utf8))
        if texts[text.id] == nil { order.append(text.id) }
        texts[text.id, default: []].append(text)
      }
      let items = order.map { texts[$0] ?? [] }
      let references = items.map { $0.dropFirst().map(\.text) }
      // The reference implementation splits at every kind of blank, also inside a telephone number.
      let kept = items.map { $0.map { $0.kept.split(whereSeparator: \.isWhitespace).map(String.init) } }
      let tokenizer = PTBTokenizer()
      let same = CaptionReferences(references, words: kept.map { Array($0.dropFirst()) }).scores(kept.map { $0[0] })
      let whole = CaptionReferences(references, tokenizer).scores(items.map { tokenizer.words($0[0].text) })
      let rows = try CommaSeparated.records(
        Array(GoldenCaptions.lines("\(name).scores.csv.gz").joined(separator: "\n").utf8), source: name)
      let heading = rows[0].fields
      var worst = (same: 0.0, whole: 0.0)
      func hold(_ column: String, _ value: (CaptionScores.Item) -> Double, _ corpus: (CaptionScores) -> Double) throws {
        let place = try #require(heading.firstIndex(of: column))
        for (item, row) in rows.dropFirst().enumerated() {
          let expected = try #require(Double(row.fields[place]))
          worst.same = max(worst.same, abs(value(same.items[item]) - expected))
          worst.whole = max(worst.whole, abs(value(whole.items[item]) - expected))
        }
        guard let expected = gold[column] ?? nil else { return }
        worst.same = max(worst.same, abs(corpus(same) - expected))
        worst.whole = max(worst.whole, abs(corpus(whole) - expected))
      }
      for n in 0..<4 { try hold("bleu_\(n + 1)", { $0.bleu[n] }, { $0.bleu[n] }) }
      try hold("rouge_l", \.rougeL, \.rougeL)
      try hold("cider_d", \.ciderD, \.ciderD)
      print("\(name), \(items.count) items: largest difference \(worst.same) on equal words, \(worst.whole) end to end")
      #expect(worst.same < 1e-9 && worst.whole < 1e-3, "\(name)")
    }
  }
}

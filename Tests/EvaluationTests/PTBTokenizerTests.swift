import Basics
import Foundation
import Testing

@testable import Evaluation

@Suite("Tokens of captions")
struct PTBTokenizerTests {
  /// Text, and the tokens of Stanford's own tokenizer, separated by blanks.
  private static let known: [(String, String)] = [
    ("A dog barks, loudly; near a road!", "a dog barks , loudly ; near a road !"), ("", ""),
    ("  ", ""),
    ("It's a high-pitched, two-way radio.", "it 's a high-pitched , two-way radio ."),
    ("can't cannot gonna won't I'd've y'all", "ca n't can not gon na wo n't i 'd 've y' all"),
    (
      "'tis 'twas lemme o'clock ma'am rock'n'roll",
      "'t is 't was lem me o'clock ma'am rock 'n' roll"
    ),
    ("dogs' toys, the '90s, 1990's", "dogs ' toys , the '90s , 1990 's"),
    ("Mr. X of the U.S., etc. at 5 p.m.", "mr. x of the u.s. , etc. at 5 p.m."),
    ("No. 7, approx. 3, J. R. no. more", "no. 7 , approx . 3 , j. r. no . more"),
    (
      "5% of $1.50, 10:45pm, 10kHz, 3-4, 1/2, 1,000",
      "5 % of $ 1.50 , 10:45 pm , 10khz , 3-4 , 1/2 , 1,000"
    ),
    ("(loud) [noise] {x}", "-lrb- loud -rrb- -lsb- noise -rsb- -lcb- x -rcb-"),
    ("<b>bold</b> & \"it\"", "<b> bold </b> & `` it ''"), ("“x” ‘y’ – …", "`` x '' ` y ' -- ..."),
    ("A&B and/or w/ a_b a\\b <3 :)", "a&b and/or w / a_b a \\ b < 3 :-rrb-"),
    ("x@y.org www.x.org/ab #tag @home", "x@y.org www.x.org/ab #tag @home"),
    ("½ cup at 5°C for 5¢ or £5", "1/2 cup at 5 ° c for 5 cents or # 5"),
    ("café Собака 개 🐶 ♪", "café собака 개 ♪"), ("... .. !! ?!", "... . . !! ?!"),
    ("one\ntwo\u{2028}three", "one two three"), ("x&nbsp;y &lt;z", "x y < z"),
  ]

  @Test(
    "contractions, abbreviations, numbers, brackets, quotes and signs are split as in Stanford's tokenizer"
  )
  func known() {
    let tokenizer = PTBTokenizer()
    for (text, tokens) in Self.known {
      #expect(tokenizer.tokens(text).joined(separator: " ") == tokens, "\(text)")
    }
  }

  @Test("punctuation marks do not count as words, but names of brackets do")
  func words() {
    #expect(
      PTBTokenizer().words("A \"dog\" (big) - barks...") == [
        "a", "dog", "-lrb-", "big", "-rrb-", "barks",
      ])
  }

  @Test(
    "ten thousand words, and adversarial texts, are split in linear time")
  func long() {
    let tokenizer = PTBTokenizer()
    #expect(tokenizer.tokens(String(repeating: "word, ", count: 10_000)).count == 20_000)
    let clock = ContinuousClock()
    for piece in ["a.", "a-", "'", "<a ", "1,", "(", "\u{301}", "www.", "&"] {
      let text = String(repeating: piece, count: (1 << 15) / piece.utf8.count)
      let time = clock.measure { _ = tokenizer.tokens(text) }
      #expect(time < .seconds(60), "\(piece): \(time)")
    }
  }

  @Test("any bytes give tokens without blanks and in lower case")
  func noise() {
    var random = SeededRandom(seed: 17, for: "noise")
    let tokenizer = PTBTokenizer()
    let audio = Array("A dog's bark (loud) & 5°C “x” etc. 1/2 http://x.org/a é 개".utf8)
    for _ in 0..<300 {
      var bytes = audio
      for _ in 0..<6 {
        bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
      }
      for token in tokenizer.tokens(String(decoding: bytes, as: UTF8.self)) {
        #expect(
          !token.isEmpty && !token.contains(" ") && !token.contains("\n")
            && token == token.lowercased())
      }
    }
  }

  private struct Line: Decodable {
    var text: String
    var ptb: String
  }

  @Test(
    "all captions of the golden files have Stanford's tokens, except fewer than 0.1 %",
    .enabled(if: GoldenCaptions.areHere))
  func golden() throws {
    let tokenizer = PTBTokenizer()
    var (count, differing) = (0, [String]())
    for name in try GoldenCaptions.names(endingIn: ".jsonl.gz") {
      for line in try GoldenCaptions.lines(name) {
        let line = try JSONDecoder().decode(Line.self, from: Data(line.utf8))
        count += 1
        let found = tokenizer.tokens(line.text).joined(separator: " ")
        if found != line.ptb {
          differing.append("\(line.text)\n  theirs \(line.ptb)\n  ours   \(found)")
        }
      }
    }
    for line in differing { print(line) }
    #expect(count > 14_000 && differing.count * 1000 < count, "\(differing.count) of \(count)")
  }
}

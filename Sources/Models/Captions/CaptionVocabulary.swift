import Basics

/// The tokens that sentences are made of. The first three are special: begin of sentence, end of sentence and unknown
/// word.
package struct CaptionVocabulary: Sendable, Equatable {
  package enum Kind: String, Sendable, Codable, CaseIterable {
    /// Words in lower case, without punctuation.
    case words
    /// Pieces of words from CLIP's tokenizer; the last piece of a word ends with `</w>`.
    case pieces
  }

  package static let (begin, end, unknown) = (0, 1, 2)
  private static let special = ["<begin>", "<end>", "<unknown>"]

  package let kind: Kind
  package let tokens: [String]
  private let numbers: [String: Int]

  /// The tokens that occur at least `floor` times in the sentences: the most frequent first, equally frequent ones in
  /// byte order. A token that a file may not hold, such as one of over 200 bytes, is left out.
  /// - Parameter sentences: already tokenized.
  package init(_ kind: Kind, of sentences: [[String]], floor: Int) {
    var counts: [String: Int] = [:]
    for token in sentences.joined() { counts[token, default: 0] += 1 }
    let kept = counts.filter { token, count in
      count >= floor && !Self.special.contains(token) && Self.isText(token)
    }.sorted { a, b in
      a.value == b.value ? precedesInBytes(a.key, b.key) : a.value > b.value
    }
    self.init(kind, tokens: Self.special + kept.map(\.key))
  }

  private init(_ kind: Kind, tokens: [String]) {
    (self.kind, self.tokens) = (kind, tokens)
    numbers = Dictionary(tokens.enumerated().map { ($1, $0) }) { first, _ in first }
  }

  private static let (longest, most) = (200, 200_000)

  /// From the tokens of an untrusted file.
  /// - Throws: `captioner.vocabulary`.
  package init(_ kind: Kind, file tokens: [String], source: String) throws {
    self.init(kind, tokens: tokens)
    let problem: String? =
      if tokens.count <= Self.special.count || Array(tokens.prefix(Self.special.count)) != Self.special {
        "it does not begin with \(Self.special.joined(separator: " ")) and a word"
      } else if tokens.count > Self.most {
        "\(tokens.count) tokens"
      } else if numbers.count != tokens.count {
        "a token is there twice"
      } else if let bad = tokens.firstIndex(where: { !Self.isText($0) }) {
        "token \(bad) is empty, too long, or holds what is no text"
      } else {
        nil
      }
    if let problem { throw Failure.captionerVocabulary(source, problem) }
  }

  private static func isText(_ token: String) -> Bool {
    (1...longest).contains(token.utf8.count)
      && !token.unicodeScalars.contains { $0.properties.generalCategory == .control || $0.value == 0xFFFD }
  }

  package var count: Int { tokens.count }

  /// The numbers of the tokens; unknown tokens get the number `unknown`.
  package func numbers(of sentence: [String]) -> [Int] { sentence.map { numbers[$0] ?? Self.unknown } }

  /// The sentence as readable text.
  package func text(_ numbers: [Int]) -> String {
    let chosen = numbers.filter { $0 >= Self.special.count && $0 < tokens.count }.map { tokens[$0] }
    switch kind {
    case .words: return chosen.joined(separator: " ")
    case .pieces:
      var text = ""
      for piece in chosen {
        let isLast = piece.hasSuffix("</w>")
        text += isLast ? piece.dropLast(4) + " " : piece[...]
      }
      return text.hasSuffix(" ") ? String(text.dropLast()) : text
    }
  }

  /// By token: whether it is a content word, which a sentence may use only once. Of `pieces`, only whole words count.
  package var isContent: [Bool] {
    tokens.enumerated().map { number, token in
      guard number >= Self.special.count else { return false }
      switch kind {
      case .words: return !CaptionWords.functionWords.contains(token)
      case .pieces:
        let word = String(token.dropLast(4))
        let isWord = token.hasSuffix("</w>") && word.count > 2 && word.allSatisfy { $0.isASCII && $0.isLetter }
        return isWord && !CaptionWords.functionWords.contains(word)
      }
    }
  }
}

import Basics

/// CLIP's tokenizer: byte pair encoding over the letters, digits and other signs of a cleaned text (Sennrich et al.
/// 2016; Radford et al. 2021).
package final class Tokenizer: Sendable {
  /// The file that it was read from.
  package let path: String
  /// The number of tokens in the vocabulary.
  package let count: Int
  /// Tokens of the longest text, including start and end.
  package let context: Int
  private let (start, end): (Int, Int)
  /// The tokens of each byte: `inside` within a word, `closing` at its end.
  private let inside: [Int]
  private let closing: [Int]
  /// By a pair of tokens: the rank of the merge, and the merged token.
  private let merges: [UInt64: (rank: Int, token: Int)]
  /// The number of a word's bytes that are encoded. Merging takes quadratic time in the length of a word.
  private static let longestWord = 4096
  /// Tokens as readable text; those at the end of a word end with `</w>`.
  private let names: [Int: String]

  /// - Parameter context: tokens of the longest text that the model takes.
  /// - Throws: `clip.tokenizer`, `clip.tokenizer.content`.
  package convenience init(_ path: String, context: Int = 77) throws {
    try self.init(TokenizerFiles(path), context: context)
  }

  init(_ files: TokenizerFiles, context: Int) throws {
    guard context >= 2 else { throw Failure.clipTokenizer(files.path, "texts of \(context) tokens") }
    (path, self.context) = (files.path, context)
    let tokens = files.tokens
    func token(_ name: String) throws -> Int {
      guard let token = tokens[name] else { throw Failure.clipTokenizer(files.path, "no token \"\(name)\"") }
      return token
    }
    (start, end) = (try token("<|startoftext|>"), try token("<|endoftext|>"))
    inside = try ByteAlphabet.characters.map { try token($0) }
    closing = try ByteAlphabet.characters.map { try token($0 + TokenizerFiles.wordEnd) }
    var merges: [UInt64: (rank: Int, token: Int)] = [:]
    merges.reserveCapacity(files.merges.count)
    for (rank, (left, right)) in files.merges.enumerated() {
      let pair = Self.pair(try token(left), try token(right))
      if merges[pair] == nil { merges[pair] = (rank, try token(left + right)) }
    }
    self.merges = merges
    names = Dictionary(tokens.map { ($1, ByteAlphabet.readable($0)) }) { first, _ in first }
    count = (tokens.values.max() ?? -1) + 1
  }

  private static func pair(_ left: Int, _ right: Int) -> UInt64 { UInt64(left) << 32 | UInt64(right) }

  /// The start token, the text's tokens, the end token. A text that is too long is cut before the end token.
  package func encode(_ text: String) -> [Int] {
    [start] + body(text).prefix(context - 2) + [end]
  }

  /// A text's tokens as readable text, without start and end; any number of tokens.
  package func pieces(_ text: String) -> [String] {
    words(TextCleaning.cleaned(text)).flatMap(encode(word:)).map { names[$0] ?? "" }
  }

  /// Whether `encode` cuts a text.
  package func isCut(_ text: String) -> Bool {
    body(text).count > context - 2
  }

  /// The text's tokens without start and end. Stops at the first word with which the text is too long.
  private func body(_ text: String) -> [Int] {
    var tokens: [Int] = []
    for word in words(TextCleaning.cleaned(text)) where tokens.count <= context - 2 { tokens += encode(word: word) }
    return tokens
  }

  // MARK: Words

  private enum Kind { case letter, number, space, sign }

  private static func kind(_ scalar: Unicode.Scalar) -> Kind {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: .letter
    case .decimalNumber, .letterNumber, .otherNumber: .number
    default: TextCleaning.isSpace(scalar) ? .space : .sign
    }
  }

  private static let contractions: [[Unicode.Scalar]] = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map {
    Array($0.unicodeScalars)
  }

  /// Splits into contractions, runs of letters, single digits and runs of other signs.
  private func words(_ text: String) -> [String] {
    let scalars = Array(text.unicodeScalars)
    var (words, at) = ([String](), 0)
    while at < scalars.count {
      let kind = Self.kind(scalars[at])
      var end = at + 1
      if let found = Self.contractions.first(where: { scalars[at...].starts(with: $0) }) {
        end = at + found.count
      } else if kind == .letter || kind == .sign {
        while end < scalars.count, Self.kind(scalars[end]) == kind { end += 1 }
      }
      if kind != .space {
        var word = String.UnicodeScalarView()
        word.append(contentsOf: scalars[at..<end])
        words.append(String(word))
      }
      at = end
    }
    return words
  }

  /// Repeatedly merges all occurrences of the pair with the lowest rank, until no pair can be merged.
  private func encode(word: String) -> [Int] {
    let bytes = Array(word.utf8.prefix(Self.longestWord))
    var tokens = bytes.dropLast().map { inside[Int($0)] } + bytes.suffix(1).map { closing[Int($0)] }
    while tokens.count > 1 {
      var best: (rank: Int, token: Int, pair: UInt64)?
      for (left, right) in zip(tokens, tokens.dropFirst()) {
        let pair = Self.pair(left, right)
        if let merge = merges[pair], merge.rank < best?.rank ?? .max { best = (merge.rank, merge.token, pair) }
      }
      guard let best else { break }
      var (joined, at) = ([Int](), 0)
      while at < tokens.count {
        if at + 1 < tokens.count, Self.pair(tokens[at], tokens[at + 1]) == best.pair {
          joined.append(best.token)
          at += 2
        } else {
          joined.append(tokens[at])
          at += 1
        }
      }
      tokens = joined
    }
    return tokens
  }
}

/// The printable character that represents each byte in token files.
enum ByteAlphabet {
  /// Bytes that represent themselves, then all others: the order in which tokens are numbered.
  static let order: [UInt8] = {
    let plain = Array(33...126) + Array(161...172) + Array(174...255)
    return (plain + (0...255).filter { !plain.contains($0) }).map { UInt8($0) }
  }()

  /// The text of the bytes that a token's characters represent; the token itself if the bytes are not valid UTF-8.
  static func readable(_ token: String) -> String {
    let isLast = token.hasSuffix(TokenizerFiles.wordEnd)
    var bytes: [UInt8] = []
    for character in token.dropLast(isLast ? TokenizerFiles.wordEnd.count : 0) {
      guard let byte = byCharacter[String(character)] else { return token }
      bytes.append(byte)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else { return token }
    return isLast ? text + TokenizerFiles.wordEnd : text
  }

  private static let byCharacter = Dictionary(
    uniqueKeysWithValues: characters.enumerated().map { ($1, UInt8($0)) })

  /// By byte.
  static let characters: [String] = {
    var (characters, next) = ([String](repeating: "", count: 256), UInt32(256))
    for (place, byte) in order.enumerated() {
      let value = place < 188 ? UInt32(byte) : next
      if place >= 188 { next += 1 }
      characters[Int(byte)] = Unicode.Scalar(value).map { String($0) } ?? ""
    }
    return characters
  }()
}

import Basics
import CArchive
import Foundation
import Tensors

/// The contents of a tokenizer's files: the merges in their order, and each token's number.
struct TokenizerFiles {
  static let names = "tokenizer.json, merges.txt (with vocab.json) or bpe_simple_vocab_16e6.txt.gz"
  static let wordEnd = "</w>"
  /// The number of merges in OpenAI's vocabulary, whose file contains more.
  private static let mergesOfOpenAI = 49_152 - 256 - 2
  private static let largest = 64 << 20

  let path: String
  let merges: [(String, String)]
  let tokens: [String: Int]

  /// - Parameter path: one of the files, or a directory that contains one.
  /// - Throws: `clip.tokenizer` if there is none; `clip.tokenizer.content`.
  init(_ path: String) throws {
    let candidates = ["tokenizer.json", "merges.txt", "bpe_simple_vocab_16e6.txt.gz", "bpe_simple_vocab_16e6.txt"]
    let found =
      Files.exists(path) && Files.isDirectory(path)
      ? candidates.map { "\(path)/\($0)" }.first { Files.exists($0) } : Files.exists(path) ? path : nil
    guard let found else { throw Failure.clipTokenizerMissing(path) }
    self.path = found
    if found.hasSuffix(".json") {
      (merges, tokens) = try Self.huggingFace(found)
      return
    }
    let isPacked = found.hasSuffix(".gz")
    let bytes = isPacked ? try Self.inflated(found) : try Files.read(found, limit: Self.largest)
    guard bytes.count <= Self.largest, let text = String(validating: bytes, as: UTF8.self) else {
      throw Failure.clipTokenizer(found, "not UTF-8")
    }
    // The first line is a version.
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropFirst()
    let limit = Files.name(found).hasPrefix("bpe_simple_vocab") ? Self.mergesOfOpenAI : Int.max
    merges = try lines.filter { !$0.isEmpty }.prefix(limit).map { try Self.merge($0, found) }
    let vocabulary = "\(Files.parent(found))/vocab.json"
    if Files.name(found) == "merges.txt", Files.exists(vocabulary) {
      tokens = try Self.numbers(try StrictJSON.read(vocabulary, limit: Self.largest), vocabulary)
    } else {
      tokens = Self.numbered(merges)
    }
  }

  private static func merge(_ line: some StringProtocol, _ path: String) throws -> (String, String) {
    let parts = line.split(separator: " ")
    guard parts.count == 2 else { throw Failure.clipTokenizer(path, "the line \"\(line.prefix(40))\" is not a pair") }
    return (String(parts[0]), String(parts[1]))
  }

  /// Numbers tokens as OpenAI does: the bytes, the bytes at a word's end, the merged tokens, start, end.
  private static func numbered(_ merges: [(String, String)]) -> [String: Int] {
    let bytes = ByteAlphabet.order.map { ByteAlphabet.characters[Int($0)] }
    let all = bytes + bytes.map { $0 + wordEnd } + merges.map { $0 + $1 } + ["<|startoftext|>", "<|endoftext|>"]
    return Dictionary(all.enumerated().map { ($1, $0) }) { first, _ in first }
  }

  private static func huggingFace(_ path: String) throws -> (merges: [(String, String)], tokens: [String: Int]) {
    let json = try StrictJSON.read(path, limit: largest)
    guard let model = json["model"], let vocabulary = model["vocab"], let list = model["merges"]?.items else {
      throw Failure.clipTokenizer(path, "no vocabulary and merges")
    }
    if let kind = model["type"]?.text, kind != "BPE" { throw Failure.clipTokenizer(path, "a \(kind) model") }
    let merges = try list.map { item -> (String, String) in
      if let text = item.text { return try merge(text, path) }
      guard let parts = item.items?.compactMap(\.text), parts.count == 2 else {
        throw Failure.clipTokenizer(path, "a merge that is not a pair")
      }
      return (parts[0], parts[1])
    }
    var tokens = try numbers(vocabulary, path)
    for added in json["added_tokens"]?.items ?? [] {
      if let name = added["content"]?.text, let number = added["id"]?.count, number < 1 << 24 { tokens[name] = number }
    }
    return (merges, tokens)
  }

  private static func numbers(_ json: StrictJSON, _ path: String) throws -> [String: Int] {
    guard case .object(let members) = json else { throw Failure.clipTokenizer(path, "no map of tokens") }
    return try members.mapValues { value in
      guard let number = value.count, number < 1 << 24 else {
        throw Failure.clipTokenizer(path, "a token's number is \(value.shown)")
      }
      return number
    }
  }

  /// The contents of a gzip file, up to a limit, read with libarchive.
  private static func inflated(_ path: String) throws -> [UInt8] {
    guard let reader = archive_read_new() else { throw Failure.clipTokenizer(path, "no memory for libarchive") }
    defer { archive_read_free(reader) }
    archive_read_support_filter_gzip(reader)
    archive_read_support_format_raw(reader)
    func problem() -> Failure {
      Failure.clipTokenizer(path, archive_error_string(reader).map { String(cString: $0) } ?? "no reason given")
    }
    return try Files.read(path, limit: largest).withUnsafeBytes { bytes in
      var entry: OpaquePointer?
      guard archive_read_open_memory(reader, bytes.baseAddress, bytes.count) == ARCHIVE_OK,
        archive_read_next_header(reader, &entry) == ARCHIVE_OK
      else { throw problem() }
      var (result, piece) = ([UInt8](), [UInt8](repeating: 0, count: 1 << 16))
      while true {
        let count = piece.withUnsafeMutableBytes { archive_read_data(reader, $0.baseAddress, $0.count) }
        guard count >= 0 else { throw problem() }
        if count == 0 { return result }
        result += piece[..<count]
        guard result.count <= largest else { throw Failure.clipTokenizer(path, "more than \(largest) bytes") }
      }
    }
  }
}

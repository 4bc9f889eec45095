import Basics
import Foundation
import TestSupport
import Testing

@testable import CLIP

@Suite("The tokenizer")
struct TokenizerTests {
  /// Letters, letters at word ends, the merges of `TinyCLIP`, start and end tokens, as Hugging Face writes them.
  private static let json: String = {
    let bytes = ByteAlphabet.characters
    let joins = TinyCLIP.merges.split(separator: "\n").dropFirst().map(String.init)
    let all: [String] =
      bytes + bytes.map { $0 + "</w>" } + joins.map { $0.replacing(" ", with: "") }
      + ["<|startoftext|>", "<|endoftext|>"]
    let quoted = all.map { String(decoding: (try? JSONEncoder().encode($0)) ?? Data(), as: UTF8.self) }
    let vocabulary = quoted.enumerated().map { "\($1): \($0)" }.joined(separator: ", ")
    let merges = joins.map { "\"\($0)\"" }.joined(separator: ", ")
    return #"{"model": {"type": "BPE", "vocab": {\#(vocabulary)}, "merges": [\#(merges)]}}"#
  }()

  private func packed(_ path: String) throws -> [UInt8] {
    let gzip = Process()
    gzip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    gzip.arguments = ["gzip", "-k", path]
    try gzip.run()
    gzip.waitUntilExit()
    return try Files.read("\(path).gz")
  }

  @Test("reads the same tokens from merges.txt, its gzip file and tokenizer.json")
  func forms() throws {
    let scratch = try Scratch()
    try Files.write(TinyCLIP.merges, to: scratch["merges.txt"])
    try Files.write(TinyCLIP.merges, to: scratch["bpe_simple_vocab_16e6.txt"])
    _ = try packed(scratch["bpe_simple_vocab_16e6.txt"])
    try Files.write(Self.json, to: scratch["tokenizer.json"])
    let texts = ["rain on a dog", "Dog's RAIN!", "", "drain in rain 42"]
    let plain = try Tokenizer(scratch["merges.txt"], context: 12)
    let gzip = try Tokenizer(scratch["bpe_simple_vocab_16e6.txt.gz"], context: 12)
    let json = try Tokenizer(scratch["tokenizer.json"], context: 12)
    // TinyCLIP has OpenAI's order of bytes, the JSON file byte order, so only the lengths are equal.
    for text in texts {
      #expect(plain.encode(text) == gzip.encode(text))
      #expect(plain.encode(text).count == json.encode(text).count, "\(text)")
    }
    #expect(plain.encode("rain").count == 3 && plain.encode("rains").count == 6)
  }

  @Test("damaged files of every form are read or refused, and nothing worse")
  func mutations() throws {
    let scratch = try Scratch()
    try Files.write(TinyCLIP.merges, to: scratch["bpe_simple_vocab_16e6.txt"])
    let gzip = try packed(scratch["bpe_simple_vocab_16e6.txt"])
    for (name, bytes) in [("bpe_simple_vocab_16e6.txt.gz", gzip), ("tokenizer.json", Array(Self.json.utf8))] {
      let problems = Mutations.problems(of: bytes, name, trials: 300, head: 64) { bytes in
        try Mutations.write(bytes, to: scratch[name])
        _ = try Tokenizer(scratch[name]).encode("rain on a dog")
      }
      #expect(problems == [])
    }
  }

  @Test("ten thousand words and a word of a million letters are truncated without reading everything")
  func long() throws {
    let scratch = try Scratch()
    try Files.write(TinyCLIP.merges, to: scratch["merges.txt"])
    let tokenizer = try Tokenizer(scratch["merges.txt"], context: 12)
    for text in [
      String(repeating: "rain ", count: 10_000), String(repeating: "dorain", count: 200_000),
    ] {
      #expect(tokenizer.encode(text).count == 12 && tokenizer.isCut(text))
    }
  }
}

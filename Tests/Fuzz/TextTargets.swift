import Attestation
import Basics
import Runs
import TestSupport

@testable import CLIP
@testable import Corpus
@testable import Flow
@testable import Tensors

private let sections = [
  PipelineFile.Section(
    name: "prepare", keys: [.init("videos", .list, isArgument: true), .init("jobs", .value), .init("replace", .flag)]
  ) { _ in nil }
]

private func bytes(_ texts: String...) -> [[UInt8]] { texts.map { Array($0.utf8) } }

/// Readers of text.
let textTargets = [
  FuzzTarget(
    name: "csv",
    seeds: { bytes("id,start,label,split\nabcdefghijk,30,\"a, b\",train\n-x_000030,1.5,\"\"\"c\"\"\",test\r\n") },
    read: { _ = try Manifest(path: FuzzFile.holding($0, "t.csv")) }),
  FuzzTarget(
    name: "jsonl",
    seeds: { bytes("{\"id\":\"abc\",\"start\":30,\"label\":\"é\\n\",\"split\":\"train\"}\n{\"id\":\"b\"}\n") },
    read: { _ = try Manifest(path: FuzzFile.holding($0, "t.jsonl")) }),
  FuzzTarget(
    name: "json", seeds: { bytes("{\"a\":[1,-2.5e3,true,null,\"\\u00e9\\ud83d\\ude00\"],\"b\":{}}") },
    read: { text in
      do { _ = try text.withUnsafeBytes { try StrictJSON.parse($0) } } catch let error as StrictJSON.Problem {
        withExtendedLifetime(error) {}
      }
    }),
  FuzzTarget(
    name: "yaml",
    seeds: {
      bytes("prepare:\n  videos: [a, \"b c\"]\n  jobs: 3\n  replace: true\nstages:\n  - name: s\n    run: echo\n")
    }, read: { _ = try PipelineFile(FuzzFile.holding($0, "t.yaml"), sections: sections) }),
  FuzzTarget(
    name: "merges", seeds: { bytes(TinyCLIP.merges) },
    read: { _ = try Tokenizer(FuzzFile.holding($0, "merges.txt")) }),
  FuzzTarget(
    name: "tokenizer",
    seeds: {
      bytes(
        #"{"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab</w>":2},"merges":["a b</w>",["r","a"]]},"added_tokens":[{"id":3,"content":"<|startoftext|>"},{"id":4,"content":"<|endoftext|>"}]}"#
      )
    }, read: { _ = try Tokenizer(FuzzFile.holding($0, "tokenizer.json")) }),
  FuzzTarget(
    name: "statement",
    seeds: {
      bytes(
        #"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"w","digest":{"sha256":"00"}}],"predicateType":"https://model_signing/signature/v1.0","predicate":{"serialization":{"method":"files","hash_type":"sha256","allow_symlinks":false},"resources":[{"name":".","algorithm":"sha256","digest":"00"}]}}"#
      )
    }, read: { _ = try ModelStatement<Provenance>($0, source: "t") }),
]

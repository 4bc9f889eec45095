// The sentences of this module.

import Basics
import Corpus
import Tensors

enum TarProblem {
  case memory
  case damaged(at: Int, String)
  case name(at: Int)
  case truncated(String, at: Int, needs: Int, has: Int)
  case sparse(String)
  case noEnd(at: Int, size: Int)
  case trailing(at: Int)
  case twice(String, at: Int)
  case longName(String)
  case layout(found: Int, position: Int)
  case writing(String)
}

extension Failure {
  static func tar(_ problem: TarProblem, _ path: String) -> Failure {
    switch problem {
    case .memory: Failure("tar.memory", "no memory for libarchive", on: path)
    case .damaged(let at, let reason):
      Failure(
        "tar.damaged", "no sound tar header", on: path, found: "\(reason) at byte \(at)",
        expected: "an uncompressed tar",
        hint: "copy the file again; a compressed one is unpacked with: gunzip FILE.tar.gz")
    case .name(let at): Failure("tar.name", "a member's name is not UTF-8", on: path, found: "after byte \(at)")
    case .truncated(let name, let at, let needs, let has):
      Failure(
        "tar.truncated", "the tar is cut off inside \(name)", on: path, found: "\(has) bytes at \(at)",
        expected: "\(needs)", hint: "copy or make the shard again; nothing of it is used")
    case .sparse(let name): Failure("tar.sparse", "the tar holds a sparse file", on: path, found: name)
    case .noEnd(let at, let size):
      Failure(
        "tar.truncated", "the tar lacks its end, so samples may be missing", on: path,
        found: "\(max(0, size - at)) bytes at \(at)", expected: "at least 1024 zero bytes",
        hint: "copy or make the shard again; nothing of it is used")
    case .trailing(let at):
      Failure(
        "tar.trailing", "there is something after the end of the tar", on: path,
        found: "a byte that is not zero at \(at)",
        hint: "tars that were joined with cat are unpacked and packed again: tar --ignore-zeros -xf FILE")
    case .twice(let name, let at):
      Failure("tar.sample", "a sample has one extension twice", on: path, found: "\(name) at \(at)")
    case .longName(let name):
      Failure(
        "tar.longname", "the name is too long for a plain tar", on: path, found: "\(name.utf8.count) bytes: \(name)",
        expected: "at most \(TarWriter.longestName)")
    case .layout(let found, let position):
      Failure(
        "tar.layout", "libarchive laid the tar out in another way", on: path, found: "\(found) bytes",
        expected: "members ending at \(position), padded to 10240")
    case .writing(let reason): Failure("tar.write", "the tar cannot be written", on: path, found: reason)
    }
  }

  static func shardOrder(_ path: String, _ last: ClipID, _ id: ClipID) -> Failure {
    Failure(
      "shard.order", "samples come out of order", on: path, found: "\(id) after \(last)", expected: "rising byte order")
  }

  static func shardMember(_ path: String, _ id: ClipID, _ ending: String) -> Failure {
    Failure("shard.member", "a sample lacks a member", on: path, expected: "\(id).\(ending)")
  }

  static func shardHeader(_ path: String, _ name: String, at offset: Int) -> Failure {
    Failure(
      "shard.damaged", "the shard and its index disagree", on: path, expected: "\(name) at byte \(offset)")
  }

  static func shardKey(_ path: String, _ key: String) -> Failure {
    Failure("shard.key", "a sample's key is not a clip id", on: path, found: key)
  }

  static func shardDuplicate(_ folder: String, _ id: ClipID) -> Failure {
    Failure(
      "shard.duplicate", "two samples have one id", on: folder, found: "\(id) twice")
  }

  static func shardsNone(_ folder: String) -> Failure {
    Failure(
      "shards.none", "no training shards here", on: folder, expected: "train-000000.tar …")
  }

  static func shardMissing(_ folder: String, _ name: String) -> Failure {
    Failure(
      "shards.missing", "a training shard is missing", on: folder, expected: name)
  }

  static func shardCount(_ path: String, found: Int, expected: Int) -> Failure {
    Failure(
      "shards.count", "the shard holds another number of samples than sizes.json says", on: path, found: "\(found)",
      expected: "\(expected)")
  }

  static func splitMissing(_ folder: String, _ split: Split, has: [Split]) -> Failure {
    Failure(
      "shards.split", "no shards of that split", on: folder, found: has.map(\.rawValue).joined(separator: ", "),
      expected: split.rawValue, hint: has.first.map { "name one that is there: --split \($0.rawValue)" })
  }

  static func embeddingsUnsupported(_ path: String, _ kind: String, hint: String) -> Failure {
    Failure(
      "embeddings.format", "\(kind) files are not read", on: path, expected: "npy, npz, tar or safetensors", hint: hint)
  }

  static func embeddingsUnknown(_ path: String) -> Failure {
    Failure(
      "embeddings.format", "not a file with teacher vectors", on: path,
      expected: EmbeddingFormats.endings(EmbeddingFormats.readable).map { ".\($0)" }.joined(separator: ", "))
  }

  static func embeddingsNone(_ paths: [String]) -> Failure {
    Failure(
      "embeddings.none", "no teacher vectors here", on: paths.joined(separator: ", "),
      expected: "<id>.npy, or tars with <id>.npy in them")
  }

  static func embeddingsModels(_ models: [String], in paths: [String]) -> Failure {
    Failure(
      "embeddings.model", "the teacher vectors come from different models", on: paths.joined(separator: ", "),
      found: models.joined(separator: ", "),
      expected: "one",
      hint: "give the vectors of one model with --embeddings PATH, or say that they are one: --embedding-model NAME")
  }

  static func embeddingsSidecar(_ path: String, _ key: String, _ found: String) -> Failure {
    Failure("embeddings.json", "a value is out of bounds", on: path, found: "\(key) \(found)", expected: "above 0")
  }

  static func embeddingShape(_ source: String, _ shape: [Int]) -> Failure {
    Failure(
      "embedding.shape", "not rows of teacher vectors", on: source, found: "\(shape)",
      expected: "[rows, width] or [width]")
  }

  static func embeddingEmpty(_ source: String, _ shape: [Int]) -> Failure {
    Failure("embedding.empty", "no teacher vectors in it", on: source, found: "\(shape)", expected: "at least one row")
  }

  static func embeddingType(_ source: String, _ type: ElementType) -> Failure {
    Failure(
      "embedding.type", "teacher vectors of a type whose scale is not known", on: source, found: type.rawValue,
      expected: "float16, bfloat16, float32 or float64")
  }
}

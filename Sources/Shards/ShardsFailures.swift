// The messages of this module.

import Basics
import Corpus
import Tensors

extension Failure {
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

  static func shardDuplicate(_ directory: String, _ id: ClipID) -> Failure {
    Failure(
      "shard.duplicate", "two samples have one id", on: directory, found: "\(id) twice")
  }

  static func shardsNone(_ directory: String) -> Failure {
    Failure(
      "shards.none", "no training shards here", on: directory, expected: "train-000000.tar …")
  }

  static func shardMissing(_ directory: String, _ name: String) -> Failure {
    Failure(
      "shards.missing", "a training shard is missing", on: directory, expected: name)
  }

  static func shardCount(_ path: String, found: Int, expected: Int) -> Failure {
    Failure(
      "shards.count", "the shard holds another number of samples than sizes.json says", on: path, found: "\(found)",
      expected: "\(expected)")
  }

  static func splitMissing(_ directory: String, _ split: Split, has: [Split]) -> Failure {
    Failure(
      "shards.split", "no shards of that split", on: directory, found: has.map(\.rawValue).joined(separator: ", "),
      expected: split.rawValue, hint: has.first.map { "name one that is there: --split \($0.rawValue)" })
  }

  static func embeddingsUnsupported(_ path: String, _ kind: String, hint: String) -> Failure {
    Failure(
      "embeddings.format", "\(kind) files are not read", on: path, expected: "npy, npz, tar or safetensors", hint: hint)
  }

  static func embeddingsUnknown(_ path: String) -> Failure {
    Failure(
      "embeddings.format", "not a file with teacher embeddings", on: path,
      expected: EmbeddingFormats.endings(EmbeddingFormats.readable).map { ".\($0)" }.joined(separator: ", "))
  }

  static func embeddingsNone(_ paths: [String]) -> Failure {
    Failure(
      "embeddings.none", "no teacher embeddings here", on: paths.joined(separator: ", "),
      expected: "<id>.npy, or tars with <id>.npy in them")
  }

  static func embeddingsModels(_ models: [String], in paths: [String]) -> Failure {
    Failure(
      "embeddings.model", "the teacher embeddings come from different models", on: paths.joined(separator: ", "),
      found: models.joined(separator: ", "),
      expected: "one",
      hint: "give the embeddings of one model with --embeddings PATH, or say that they are one: --embedding-model NAME")
  }

  static func embeddingsSidecar(_ path: String, _ key: String, _ found: String) -> Failure {
    Failure("embeddings.json", "a value is out of bounds", on: path, found: "\(key) \(found)", expected: "above 0")
  }

  static func embeddingShape(_ source: String, _ shape: [Int]) -> Failure {
    Failure(
      "embedding.shape", "not rows of teacher embeddings", on: source, found: "\(shape)",
      expected: "[rows, width] or [width]")
  }

  static func embeddingEmpty(_ source: String, _ shape: [Int]) -> Failure {
    Failure(
      "embedding.empty", "no teacher embeddings in it", on: source, found: "\(shape)", expected: "at least one row")
  }

  static func embeddingType(_ source: String, _ type: ElementType) -> Failure {
    Failure(
      "embedding.type", "teacher embeddings of a type whose scale is not known", on: source, found: type.rawValue,
      expected: "float16, bfloat16, float32 or float64")
  }
}

import Basics
import Yams

/// A pipeline file: the flags of each command, written down. Flags win over it, it wins over built-in defaults.
package struct PipelineFile: Sendable {
  package static let standardPath = "Pipelines/wav2clip.yaml"
  private static let sizeLimit = 1 << 20

  /// Every section and key there is; each key is the flag of the same name.
  package static let keys: [String: [String]] = [
    "prepare": [
      "videos", "manifest", "embeddings", "embedding-fps", "embedding-model", "frames", "shards", "jobs", "timeout",
      "limit", "max-bad-fraction", "leave-out", "keep", "shard-size", "frames-out", "remote-cache",
    ],
    "distill": [
      "shards", "encoder", "loss", "normalization", "epochs", "steps", "max-hours", "batch-size", "learning-rate",
      "schedule",
      "schedule-epochs", "patience", "precision", "isa", "threads", "seed", "init", "checkpoint-every",
      "crop", "gain", "spec-augment", "mixup", "warm-up", "weight-decay", "clip-gradient", "ema", "clamp-temperature",
      "shuffle-teacher",
    ],
    "export": ["file", "checkpoint"],
  ]

  /// Keys that take several values.
  private static let lists = ["videos", "embeddings", "leave-out", "keep"]

  package let path: String
  private var values: [String: [String: [String]]] = [:]
  /// The section `stages`: commands of the user's own.
  package private(set) var shellStages: [ShellStage] = []

  /// - Throws: `Failure` with the line for what is not understood.
  package init(_ path: String) throws {
    self.path = path
    let bytes = try Files.read(path, limit: Self.sizeLimit)
    let node: Node?
    do { node = try Yams.compose(yaml: String(decoding: bytes, as: UTF8.self)) } catch {
      throw Failure("pipeline-file.syntax", "the pipeline file is not YAML", on: path, found: "\(error)", exit: .usage)
    }
    guard let node else { return }
    for (section, content) in try Self.pairs(node, path, "the file") {
      if section.text == ShellStage.section {
        shellStages = try Self.shellStages(content, path, section)
        continue
      }
      guard let known = Self.keys[section.text] else {
        throw Self.unknown(section, in: path, of: Self.keys.keys + [ShellStage.section])
      }
      for (key, value) in try Self.pairs(content, path, section.text) {
        guard known.contains(key.text) else { throw Self.unknown(key, in: path, of: known) }
        let texts = try Self.texts(value, path, key)
        guard texts.count == 1 || Self.lists.contains(key.text) else {
          throw Failure(
            "pipeline-file.value", "one value is wanted", on: "\(path), line \(key.line), \(key.text)",
            found: texts.isEmpty ? "none" : texts.joined(separator: ", "), exit: .usage)
        }
        values[section.text, default: [:]][key.text] = texts
      }
    }
  }

  /// A list of mappings, one a stage.
  private static func shellStages(_ node: Node, _ path: String, _ section: Key) throws -> [ShellStage] {
    guard let list = node.sequence else {
      throw Failure(
        "pipeline-file.shape", "a list of stages is wanted", on: "\(path), line \(section.line)", found: section.text,
        exit: .usage)
    }
    let stages = try list.map { item in
      var values: [String: [String]] = [:]
      for (key, value) in try pairs(item, path, "a stage") {
        guard ShellStage.keys.contains(key.text) else { throw unknown(key, in: path, of: ShellStage.keys) }
        values[key.text] = try texts(value, path, key)
      }
      return try ShellStage(values, place: "\(path), line \(item.mark?.line ?? section.line)")
    }
    for (k, stage) in stages.enumerated() {
      let isTaken = ShellStage.takenNames.contains(stage.name)
      if isTaken || stages[..<k].contains(where: { $0.name == stage.name }) {
        throw Failure.stageTwice(path, stage.name)
      }
    }
    return stages
  }

  private struct Key {
    var text: String
    var line: Int
  }

  private static func pairs(_ node: Node, _ path: String, _ what: String) throws -> [(Key, Node)] {
    guard let mapping = node.mapping else {
      throw Failure(
        "pipeline-file.shape", "a mapping of keys to values is wanted", on: "\(path), line \(node.mark?.line ?? 1)",
        found: what,
        exit: .usage)
    }
    return mapping.map { (Key(text: $0.key.string ?? "", line: $0.key.mark?.line ?? 1), $0.value) }
  }

  private static func texts(_ node: Node, _ path: String, _ key: Key) throws -> [String] {
    if let scalar = node.scalar { return [scalar.string] }
    if let sequence = node.sequence, sequence.allSatisfy({ $0.scalar != nil }) {
      return sequence.compactMap { $0.scalar?.string }
    }
    throw Failure(
      "pipeline-file.value", "a value or a list of values is wanted", on: "\(path), line \(key.line), \(key.text)",
      exit: .usage)
  }

  private static func unknown(_ key: Key, in path: String, of known: [String]) -> Failure {
    Failure(
      "pipeline-file.key", "unknown key", on: "\(path), line \(key.line), \(key.text)",
      hint: nearest(key.text, in: known.sorted()).map { "did you mean \($0)?" }
        ?? "known keys: \(known.sorted().joined(separator: ", "))", exit: .usage)
  }

  package func list(_ section: String, _ key: String) -> [String] { values[section]?[key] ?? [] }

  package func text(_ section: String, _ key: String) -> String? { list(section, key).first }

  /// - Throws: `Failure` when the value is not of that kind.
  package func value<T: LosslessStringConvertible>(_ section: String, _ key: String, as type: T.Type = T.self) throws
    -> T?
  {
    guard let text = text(section, key) else { return nil }
    guard let value = T(text) else {
      throw Failure(
        "pipeline-file.value", "the value cannot be read", on: "\(path), \(section), \(key)", found: text,
        expected: "\(T.self)",
        exit: .usage)
    }
    return value
  }
}

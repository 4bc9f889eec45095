import Basics
import Yams

/// A pipeline file: the values of command-line flags, kept in a file.
///
/// A flag overrides the file, and the file overrides the built-in default.
package struct PipelineFile: Sendable {
  package static let standardPath = "Pipelines/wav2clip.yaml"
  private static let sizeLimit = 1 << 20

  /// A key of a section: the flag of the same name, or an argument.
  package struct Key: Sendable, Equatable {
    package enum Kind: Sendable { case value, list, flag }
    package var name: String
    package var kind: Kind
    /// Whether the command takes it as an argument instead of a flag.
    package var isArgument: Bool

    package init(_ name: String, _ kind: Kind, isArgument: Bool = false) {
      (self.name, self.kind, self.isArgument) = (name, kind, isArgument)
    }
  }

  /// The options of one command.
  package struct Section: Sendable {
    package var name: String
    package var keys: [Key]
    /// What is wrong with the words that the section gives; nil when they are valid. Checks only the words.
    package var problem: @Sendable (_ words: [String]) -> Failure?

    package init(name: String, keys: [Key], problem: @escaping @Sendable ([String]) -> Failure?) {
      (self.name, self.keys, self.problem) = (name, keys, problem)
    }
  }

  package let path: String
  private let sections: [Section]
  private var values: [String: [String: [String]]] = [:]
  /// Line numbers: of each section by its name, of each key by `section key`.
  private var lines: [String: Int] = [:]
  /// The section `stages`: the user's own commands.
  package private(set) var shellStages: [ShellStage] = []

  /// - Throws: `Failure` with the line of anything that is not understood.
  package init(_ path: String, sections: [Section]) throws {
    (self.path, self.sections) = (path, sections)
    let bytes = try Files.readStream(path, limit: Self.sizeLimit)
    let node: Node?
    do { node = try Yams.compose(yaml: String(decoding: bytes, as: UTF8.self)) } catch {
      throw Failure("pipeline-file.syntax", "the pipeline file is not YAML", on: path, found: "\(error)", exit: .usage)
    }
    guard let node else { return }
    for (place, content) in try Self.pairs(node, path, "the file") {
      if place.text == ShellStage.section {
        shellStages = try Self.shellStages(content, path, place)
        continue
      }
      guard let section = sections.first(where: { $0.name == place.text }) else {
        throw Self.unknown(place, in: path, of: sections.map(\.name) + [ShellStage.section])
      }
      lines[section.name] = place.line
      for (key, value) in try Self.pairs(content, path, section.name) {
        guard let declared = section.keys.first(where: { $0.name == key.text }) else {
          throw Self.unknown(key, in: path, of: section.keys.map(\.name))
        }
        let texts = try Self.texts(value, path, key)
        guard texts.count == 1 || declared.kind == .list else {
          throw Self.wrong("one value is wanted", key, texts, path)
        }
        guard declared.kind != .flag || ["true", "false"].contains(texts[0]) else {
          throw Self.wrong("true or false is wanted", key, texts, path)
        }
        values[section.name, default: [:]][key.text] = texts
        lines["\(section.name) \(key.text)"] = key.line
        if let problem = section.problem(Self.words([declared], [key.text: texts])) {
          throw Self.wrong(problem, key, texts, path)
        }
      }
      // Values that are valid one by one but not together.
      if let problem = section.problem(words(section.name)) { throw Self.wrong(problem, place, nil, path) }
    }
  }

  /// A list of mappings, one for each stage.
  private static func shellStages(_ node: Node, _ path: String, _ section: Place) throws -> [ShellStage] {
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

  /// A key and its line.
  private struct Place {
    var text: String
    var line: Int
  }

  private static func pairs(_ node: Node, _ path: String, _ what: String) throws -> [(Place, Node)] {
    guard let mapping = node.mapping else {
      throw Failure(
        "pipeline-file.shape", "a mapping of keys to values is wanted", on: "\(path), line \(node.mark?.line ?? 1)",
        found: what,
        exit: .usage)
    }
    return mapping.map { (Place(text: $0.key.string ?? "", line: $0.key.mark?.line ?? 1), $0.value) }
  }

  private static func texts(_ node: Node, _ path: String, _ key: Place) throws -> [String] {
    if let scalar = node.scalar { return [scalar.string] }
    if let sequence = node.sequence, sequence.allSatisfy({ $0.scalar != nil }) {
      return sequence.compactMap { $0.scalar?.string }
    }
    throw Failure(
      "pipeline-file.value", "a value or a list of values is wanted", on: "\(path), line \(key.line), \(key.text)",
      exit: .usage)
  }

  private static func unknown(_ key: Place, in path: String, of known: [String]) -> Failure {
    Failure(
      "pipeline-file.key", "unknown key", on: "\(path), line \(key.line), \(key.text)",
      hint: nearest(key.text, in: known.sorted()).map { "did you mean \($0)?" }
        ?? "known keys: \(known.sorted().joined(separator: ", "))", exit: .usage)
  }

  package func list(_ section: String, _ key: String) -> [String] { values[section]?[key] ?? [] }

  package func text(_ section: String, _ key: String) -> String? { list(section, key).first }

  /// The section's flags as words of a command line, without keys that are arguments.
  /// - Parameter own: the words of the command line; repeatable options that occur in it are not taken from the file.
  package func words(_ section: String, besides own: [String] = []) -> [String] {
    let keys = sections.first { $0.name == section }?.keys ?? []
    let kept = keys.filter { key in
      key.kind != .list || !own.contains { $0 == "--\(key.name)" || $0.hasPrefix("--\(key.name)=") }
    }
    return Self.words(kept, values[section] ?? [:])
  }

  private static func words(_ keys: [Key], _ values: [String: [String]]) -> [String] {
    keys.filter { !$0.isArgument }.flatMap { key in
      let texts = values[key.name] ?? []
      return key.kind == .flag ? (texts == ["true"] ? ["--\(key.name)"] : []) : texts.map { "--\(key.name)=\($0)" }
    }
  }

  /// Where a key is, for messages: `my.yaml, line 3, videos`.
  package func place(_ section: String, _ key: String) -> String {
    lines["\(section) \(key)"].map { "\(path), line \($0), \(key)" } ?? "\(path), \(section)"
  }

  private static func wrong(_ what: String, _ key: Place, _ texts: [String], _ path: String) -> Failure {
    wrong(Failure("pipeline-file.value", what), key, texts, path)
  }

  /// - Parameter texts: the key's values; nil when the problem is about a whole section.
  private static func wrong(_ problem: Failure, _ key: Place, _ texts: [String]?, _ path: String) -> Failure {
    Failure(
      "pipeline-file.value", problem.what, on: "\(path), line \(key.line), \(key.text)",
      found: texts.map { $0.isEmpty ? "none" : $0.joined(separator: ", ") } ?? problem.found,
      expected: problem.expected, hint: problem.hint, exit: .usage)
  }
}

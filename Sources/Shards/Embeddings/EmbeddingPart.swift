// A set of embeddings in several files, written by several machines in parallel: `NAME-00003-of-00008.npy`, counted
// from 0. Each file is complete in itself; together they contain what one machine would have written.

import Basics

/// The name of one file of a set in parts.
package struct EmbeddingPart: Sendable, Equatable {
  /// The parts of the name that all files of the set share: the text before the numbers, and the extension with its
  /// dot.
  package let (stem, ending): (String, String)
  package let part: WorkPart

  /// Nil if the name is not the name of a part. It must not contain a directory.
  package init?(name: String) {
    guard let dot = name.lastIndex(of: ".") else { return nil }
    let words = name[..<dot].split(separator: "-", omittingEmptySubsequences: false)
    guard words.count >= 4, words[words.count - 2] == "of", let index = Self.number(words[words.count - 3]),
      let count = Self.number(words[words.count - 1]), let part = WorkPart(index: index, count: count)
    else { return nil }
    self.init(stem: words.dropLast(3).joined(separator: "-"), ending: String(name[dot...]), part: part)
  }

  private init(stem: String, ending: String, part: WorkPart) {
    (self.stem, self.ending, self.part) = (stem, ending, part)
  }

  /// A number of exactly five digits.
  private static func number(_ text: Substring) -> Int? {
    text.utf8.count == 5 && text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
  }

  package var name: String { "\(stem)-\(part.fileName)\(ending)" }

  /// The path of a part of the output `path`.
  package static func path(_ path: String, _ part: WorkPart) -> String {
    guard let ending = Files.ending(path) else { return "\(path)-\(part.fileName)" }
    let ended = path.suffix(ending.count + 1)
    return "\(path.dropLast(ended.count))-\(part.fileName)\(ended)"
  }

  /// All parts of the same set, in order.
  private var all: [EmbeddingPart] {
    (0..<part.count).compactMap { WorkPart(index: $0, count: part.count) }.map {
      EmbeddingPart(stem: stem, ending: ending, part: $0)
    }
  }

  /// The paths of all parts that match a pattern `NAME-*-of-00008.npy`; nil if the path is not such a pattern.
  /// - Throws: `embeddings.parts` if one of them is missing.
  static func paths(pattern: String) throws -> [String]? {
    let name = Files.name(pattern)
    guard name.contains("-*-of-"), !Files.exists(pattern),
      let first = EmbeddingPart(name: name.replacing("-*-of-", with: "-00000-of-", maxReplacements: 1))
    else { return nil }
    let directory = Files.parent(pattern)
    let paths = first.all.map { "\(directory)/\($0.name)" }
    if let absent = paths.first(where: { !Files.exists($0) }) { throw Failure.embeddingsPartMissing(absent) }
    return paths
  }

  /// One failure for each set in a directory that lacks a part.
  static func gaps(_ directory: String, _ names: [String]) -> [Failure] {
    guard names.contains(where: { $0.contains("-of-") }) else { return [] }
    var sets: [String: (first: EmbeddingPart, there: Set<Int>)] = [:]
    for part in names.compactMap({ EmbeddingPart(name: $0) }) {
      let key = "\(part.stem)/\(part.part.count)\(part.ending)"
      sets[key, default: (part, [])].there.insert(part.part.index)
    }
    return sets.sorted { precedesInBytes($0.key, $1.key) }.compactMap { _, set in
      set.first.all.first { !set.there.contains($0.part.index) }.map {
        Failure.embeddingsPartMissing("\(directory)/\($0.name)")
      }
    }
  }
}

// A format of files that hold embeddings. To add one: a new file with a type that conforms to what the format can do,
// and a line in `builtInEmbeddingFormats`.

import Basics
import Tensors

package protocol EmbeddingFormat: Sendable {
  static var name: String { get }
  /// File name endings, lower case, without the dot.
  static var extensions: [String] { get }
}

/// A format whose rows can be looked up by a clip's id.
package protocol ReadableEmbeddings: EmbeddingFormat {
  /// Whether a file is of this format, by its name. The first format in the list that says so takes it.
  static func reads(_ path: String) -> Bool

  /// The blocks of rows in a file, by key, and what the file itself says of them. No rows are read.
  /// - Throws: a `Failure`: the file is then refused whole.
  static func list(_ path: String) throws -> EmbeddingListing

  /// The rows at a place that `list` gave, in any shape and type.
  static func read(_ location: EmbeddingLocation) throws -> Tensor
}

/// A format in which a set of embeddings can be written.
package protocol WritableEmbeddings: EmbeddingFormat {
  /// Writes the whole file or nothing; the same embeddings give the same bytes. One item at a time is in memory.
  static func write(_ embeddings: EmbeddingSet, to path: String) throws
}

/// A format with tables whose rows have names: class embeddings and the like.
package protocol NamedTables: EmbeddingFormat {
  /// The table called by the first of `names` that is there; a file with one table only needs no name.
  /// - Throws: `tensors.missing`, and what the format throws.
  static func table(_ path: String, called names: [String]) throws -> NamedTable
}

/// A format whose entries can be shown without reading their elements.
package protocol InspectableFile: EmbeddingFormat {
  static func contents(_ path: String) throws -> FileContents
}

/// Every format there is. A new one is one line here.
package let builtInEmbeddingFormats: [any EmbeddingFormat.Type] = [
  ClipRetrievalEmbeddings.self,
  NumpyTables.self,
  NumpyEmbeddings.self,
  NpzEmbeddings.self,
  SafetensorsEmbeddings.self,
  TarEmbeddings.self,
  JSONLinesEmbeddings.self,
]

extension EmbeddingFormat {
  /// Whether what follows the last dot of a name is one of the endings, in letters of either case.
  package static func hasEnding(_ path: String) -> Bool { extensions.contains { hasEnding(path, $0) } }

  /// Makes no strings: a directory holds hundreds of thousands of names.
  private static func hasEnding(_ path: String, _ ending: String) -> Bool {
    let (path, ending) = (path.utf8, ending.utf8)
    guard path.count > ending.count,
      let dot = path.index(path.endIndex, offsetBy: -ending.count - 1, limitedBy: path.startIndex),
      path[dot] == 0x2E
    else { return false }
    return zip(path[path.index(after: dot)...], ending).allSatisfy { byte, wanted in
      (0x41...0x5A).contains(byte) ? byte + 0x20 == wanted : byte == wanted
    }
  }
}

extension ReadableEmbeddings {
  package static func reads(_ path: String) -> Bool { hasEnding(path) }
}

/// What each format can do, asked once.
package enum EmbeddingFormats {
  static let readable = builtInEmbeddingFormats.compactMap { $0 as? any ReadableEmbeddings.Type }
  package static let writable = builtInEmbeddingFormats.compactMap { $0 as? any WritableEmbeddings.Type }
  static let named = builtInEmbeddingFormats.compactMap { $0 as? any NamedTables.Type }
  static let inspectable = builtInEmbeddingFormats.compactMap { $0 as? any InspectableFile.Type }

  static func endings(_ formats: [any EmbeddingFormat.Type]) -> [String] {
    var seen: Set<String> = []
    return formats.flatMap { $0.extensions }.filter { seen.insert($0).inserted }
  }

  /// The format that a file's ending names.
  /// - Throws: `embed.ending` with those that can be written.
  package static func writing(_ path: String) throws -> any WritableEmbeddings.Type {
    guard let format = writable.first(where: { $0.hasEnding(path) }) else {
      throw Failure.embeddingEnding(path, known: endings(writable))
    }
    return format
  }

  /// The table of a file called by the first of `names` that is there.
  /// - Throws: `text.format` with the endings that can be read, `tensors.missing`, and what the format throws.
  package static func table(_ path: String, called names: [String]) throws -> NamedTable {
    guard let format = named.first(where: { $0.hasEnding(path) }) else {
      throw Failure.namedTableFormat(path, known: endings(named))
    }
    return try format.table(path, called: names)
  }

  /// What is in a file, if it is of a format that shows it.
  package static func contents(_ path: String) throws -> FileContents? {
    try inspectable.first { $0.hasEnding(path) }?.contents(path)
  }
}

// Formats of files that hold embeddings. To add one, write a new file with a type that conforms to the protocols for
// its abilities, and add a line to `builtInEmbeddingFormats`.

import Basics
import Tensors

package protocol EmbeddingFormat: Sendable {
  static var name: String { get }
  /// File extensions, in lower case, without the dot.
  static var extensions: [String] { get }
}

/// A format whose rows can be looked up by a clip's id.
package protocol ReadableEmbeddings: EmbeddingFormat {
  /// Whether a file has this format, judging by its name. The first matching format in the list is used.
  static func reads(_ path: String) -> Bool

  /// Lists the blocks of rows in a file by key, with the facts that the file itself states. No rows are read.
  /// - Throws: a `Failure`: the whole file is then refused.
  static func list(_ path: String) throws -> EmbeddingListing

  /// Reads the rows at a place from `list`, in any shape and type.
  static func read(_ location: EmbeddingLocation) throws -> Tensor
}

/// A format in which embeddings can be written.
package protocol WritableEmbeddings: EmbeddingFormat {
  /// Writes the whole file or nothing; the same embeddings give the same bytes. Only one item at a time is in memory.
  static func write(_ embeddings: EmbeddingSet, to path: String) throws
}

/// A format with tables whose rows have names, such as class embeddings.
package protocol NamedTables: EmbeddingFormat {
  /// The table with the first of `names` that exists; if a file has only one table, the names do not matter.
  /// - Throws: `tensors.missing`, and what the format throws.
  static func table(_ path: String, called names: [String]) throws -> NamedTable
}

/// A format whose entries can be shown without reading their elements.
package protocol InspectableFile: EmbeddingFormat {
  static func contents(_ path: String) throws -> FileContents
}

/// All formats. A new one is added here.
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
  /// Whether the extension of a name is one of `extensions`, ignoring case.
  package static func hasEnding(_ path: String) -> Bool { extensions.contains { hasEnding(path, $0) } }

  /// Creates no strings: a directory may hold hundreds of thousands of names.
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

/// The formats with each ability, determined once.
package enum EmbeddingFormats {
  static let readable = builtInEmbeddingFormats.compactMap { $0 as? any ReadableEmbeddings.Type }
  package static let writable = builtInEmbeddingFormats.compactMap { $0 as? any WritableEmbeddings.Type }
  static let named = builtInEmbeddingFormats.compactMap { $0 as? any NamedTables.Type }
  static let inspectable = builtInEmbeddingFormats.compactMap { $0 as? any InspectableFile.Type }

  static func endings(_ formats: [any EmbeddingFormat.Type]) -> [String] {
    var seen: Set<String> = []
    return formats.flatMap { $0.extensions }.filter { seen.insert($0).inserted }
  }

  /// The format for a file's extension.
  /// - Throws: `embed.ending` with the extensions that can be written.
  package static func writing(_ path: String) throws -> any WritableEmbeddings.Type {
    guard let format = writable.first(where: { $0.hasEnding(path) }) else {
      throw Failure.embeddingEnding(path, known: endings(writable))
    }
    return format
  }

  /// The table in a file with the first of `names` that exists.
  /// - Throws: `text.format` with the extensions that can be read, `tensors.missing`, and what the format throws.
  package static func table(_ path: String, called names: [String]) throws -> NamedTable {
    guard let format = named.first(where: { $0.hasEnding(path) }) else {
      throw Failure.namedTableFormat(path, known: endings(named))
    }
    return try format.table(path, called: names)
  }

  /// The contents of a file, if its format can show them.
  package static func contents(_ path: String) throws -> FileContents? {
    try inspectable.first { $0.hasEnding(path) }?.contents(path)
  }
}

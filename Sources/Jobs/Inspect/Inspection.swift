import Basics
import Shards

/// The content of a file or a directory and what can be done with it, for `pipeline inspect`.
package struct Inspection {
  /// Related facts under a title.
  package struct Section: Sendable {
    package var title: String
    package var properties: [(key: String, value: String)]

    init(_ title: String, _ properties: [(key: String, value: String)]) {
      (self.title, self.properties) = (title, properties)
    }
  }

  /// `weights`, `training shard`, …
  package internal(set) var kind = ""
  package internal(set) var entries: [FileContents.Entry] = []
  package internal(set) var sections: [Section] = []
  /// Problems, certain or likely.
  package internal(set) var warnings: [String] = []
  /// Commands that accept the file, quoted for a shell, and what it has to hold for each; nil for anything.
  package private(set) var next: [(command: String, condition: String?)] = []

  init() {}

  /// - Throws: `inspect.unknown` for a file of unknown kind; the format's failure for a damaged file.
  package init(_ path: String, _ context: InspectionContext = InspectionContext()) throws {
    guard Files.exists(path) else { throw Failure.system("open", path) }
    guard let inspector = builtInInspectors.first(where: { $0.recognizes(path) }) else {
      throw Failure.unknownKind(path, known: builtInInspectors.map { $0.kind })
    }
    self = try inspector.inspect(path, context)
    kind = kind.isEmpty ? inspector.kind : kind
  }

  /// Adds a command that accepts the file.
  /// - Parameter condition: what the file has to hold for it; nil for anything.
  mutating func suggest(_ words: String..., if condition: String? = nil) { suggest(words, if: condition) }

  mutating func suggest(_ words: [String], if condition: String? = nil) {
    next.append((ShellCommand.text(["pipeline"] + words), condition))
  }

  /// Adds the commands that read embeddings. Only the user knows what was embedded.
  mutating func suggestUses(ofEmbeddings path: String) {
    suggest("search", "a dog barks", "--in", path, "--clip", "DIR", if: "embeddings in a CLIP model's space")
    suggest("search", "--audio", "FILE", "--in", path, if: "embeddings of audio")
    suggest("prepare", "VIDEOS", "--embeddings", path, if: "a teacher's embeddings of frames")
  }

  /// Inserts the facts about the file itself at the beginning.
  mutating func addFile(_ path: String, _ facts: [(key: String, value: String)]) throws {
    let file = facts + [("bytes", "\(try Files.identity(path).size)"), ("sha256", try Digest.ofFile(path).hex)]
    sections.insert(Section("file", file), at: 0)
  }
}

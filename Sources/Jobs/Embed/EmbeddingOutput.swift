import Audio
import Basics
import Tensors
import Wav2CLIP

/// The vectors of one sound, as they go into a file.
struct EmbeddedSound {
  var key: String
  /// 1, or the number of windows.
  var rows: Int
  /// Of the sound.
  var seconds: Double
}

/// What a file of embeddings says of all of them.
struct EmbeddingTable {
  /// In byte order of the keys.
  var sounds: [EmbeddedSound]
  var width: Int
  /// Where windows begin; nil: one vector a sound.
  var cut: WindowCut?
  /// Where the vectors come from.
  var metadata: () throws -> [String: String]
  /// The vectors of a sound, rows · width numbers.
  var vectors: (String) throws -> [Float]

  var rows: Int { sounds.reduce(0) { $0 + $1.rows } }

  /// Seconds between windows, as samples allow; nil: one vector a sound.
  var hop: Double? { cut?.time(1) }

  /// `[width]` for a whole sound, `[windows, width]` else.
  func shape(_ sound: EmbeddedSound) -> [Int] { hop == nil ? [width] : [sound.rows, width] }

  /// Where a window begins, in seconds.
  func time(_ window: Int) -> Double { cut?.time(window) ?? 0 }
}

/// A kind of file that holds embeddings. To add one: a type that conforms, and a line in `BuiltInEmbeddingOutputs`.
protocol EmbeddingOutput: Sendable {
  /// The file's ending, lower case.
  static var ending: String { get }
  /// Writes the whole file or nothing; the same vectors give the same bytes. One sound at a time is in memory.
  static func write(_ table: EmbeddingTable, to path: String) throws
}

/// Every kind there is. A new one is one line here.
let BuiltInEmbeddingOutputs: [any EmbeddingOutput.Type] = [
  NumpyOutput.self, NpzOutput.self, SafetensorsOutput.self, TarOutput.self, JSONLinesOutput.self,
]

/// The kind that a file's ending names.
/// - Throws: `embed.ending` with those there are.
func embeddingOutput(for path: String) throws -> any EmbeddingOutput.Type {
  let name = Files.name(path)
  let ending = name.contains(".") ? name.split(separator: ".").last.map { $0.lowercased() } ?? "" : ""
  guard let output = BuiltInEmbeddingOutputs.first(where: { $0.ending == ending }) else {
    throw Failure.embedEnding(path, ending, known: BuiltInEmbeddingOutputs.map { $0.ending })
  }
  return output
}

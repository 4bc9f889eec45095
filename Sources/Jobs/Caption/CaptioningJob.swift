import Basics
import Foundation
import Kernels
import Models
import Networks

/// The settings of `pipeline caption`.
package struct CaptioningSettings: Sendable {
  /// A file with embeddings of audio clips.
  package var embeddings = ""
  package var captioner = ""
  package var options = BeamSearch.Options()
  /// Whether to return the training caption whose audio is nearest, instead of generating a new one.
  package var nearest = false
  /// `.jsonl` or `.csv`; `-`: JSON lines to standard output.
  package var output = "-"
  package var threads = Machine.processors

  package init() {}
}

/// Writes a caption for each audio clip of a file.
package struct CaptioningJob: Sendable {
  package struct Line: Codable, Sendable, Equatable {
    package var id: String
    package var caption: String
    /// The mean log likelihood of the tokens; for a nearest training caption, the cosine.
    package var score: Double
    package var tokens: [String]
    package var logLikelihoods: [Double]
  }

  package enum Event {
    /// How many of the audio clips have a caption so far.
    case captioned(Int, of: Int)
    /// Audio clips that get no caption because they are shorter than a second.
    case short([String])
  }

  package let settings: CaptioningSettings

  package init(_ settings: CaptioningSettings) { self.settings = settings }

  /// - Throws: `captioner.…`, `caption.…`.
  package func run(_ events: (Event) -> Void = { _ in }) throws -> [Line] {
    let captioner = try CaptionModel(file: settings.captioner)
    let embeddings = try CaptionEmbeddings(settings.embeddings)
    if !embeddings.empty.isEmpty { events(.short(embeddings.empty)) }
    guard embeddings.keys.isEmpty || embeddings.width == captioner.decoder.inputs else {
      throw Failure.captionWidth(settings.embeddings, found: embeddings.width, expected: captioner.decoder.inputs)
    }
    let lines = settings.nearest ? try nearest(captioner, embeddings) : try write(captioner, embeddings, events)
    if settings.output != "-" { try save(lines) }
    return lines
  }

  private func nearest(_ captioner: CaptionModel, _ embeddings: CaptionEmbeddings) throws -> [Line] {
    guard let neighbors = captioner.neighbors else { throw Failure.captionNoNeighbors(settings.captioner) }
    return zip(embeddings.keys, embeddings.rows).map { key, rows in
      let (sentence, cosine) = neighbors.nearest(rows, width: embeddings.width)
      return Line(id: key, caption: sentence, score: cosine, tokens: [], logLikelihoods: [])
    }
  }

  private static let group = 256

  private func write(
    _ captioner: CaptionModel, _ embeddings: CaptionEmbeddings, _ events: (Event) -> Void
  ) throws -> [Line] {
    let threads = WorkerThreads(settings.threads)
    defer { threads.stop() }
    let ops = FastBackend().ops
    var lines: [Line] = []
    for start in stride(from: 0, to: embeddings.keys.count, by: Self.group) {
      if Interruption.isRequested { throw Interruption.failure }
      let range = start..<min(embeddings.keys.count, start + Self.group)
      let found = captioner.captions(Array(embeddings.rows[range]), settings.options, ops: ops, threads: threads)
      for (key, caption) in zip(embeddings.keys[range], found) {
        guard caption.score.isFinite else { throw Failure.captionNumbers(settings.captioner, key) }
        lines.append(
          Line(
            id: key, caption: caption.text, score: caption.score, tokens: caption.tokens,
            logLikelihoods: caption.logLikelihoods))
      }
      events(.captioned(range.upperBound, of: embeddings.keys.count))
    }
    return lines
  }

  private func save(_ lines: [Line]) throws {
    try Files.makeDirectory(Files.parent(settings.output))
    guard Files.ending(settings.output) == "csv" else {
      return try Files.write(lines.map { try CanonicalJSON.text($0) + "\n" }.joined(), to: settings.output)
    }
    var text = CommaSeparatedText(columns: ["id", "caption", "score", "tokens"])
    for line in lines { text.add([line.id, line.caption, "\(line.score)", line.tokens.joined(separator: " ")]) }
    try Files.write(text.bytes, to: settings.output)
  }
}

import Basics
import CLIP
import Corpus
import Foundation
import Kernels
import Media
import Shards

/// The settings of `pipeline embed --clip`.
package struct CLIPEmbeddingSettings: Sendable {
  package enum Inputs: Sendable {
    /// A file with one text a line, either `id<TAB>text` or only the text; `-` is standard input.
    case texts(String)
    /// Image files and directories with images.
    case images([String])
  }

  package var inputs: Inputs
  package var clip = ""
  package var activation: GELUKind?
  package var tokenizer: String?
  /// Sentences that each text is inserted into; the mean of their unit embeddings represents the text. Empty uses the
  /// texts unchanged.
  package var templates: [String] = []
  package var output = ""
  package var normalize = false
  package var threads = Machine.processors
  package var jobs = Machine.processors
  /// The command that starts a decode worker, for images.
  package var workerCommand: WorkerLaunch = []

  package init(_ inputs: Inputs) { self.inputs = inputs }
}

/// Writes texts or images as a file of embeddings in the space of a CLIP model.
package struct CLIPEmbedJob: Sendable {
  package struct Outcome: Sendable {
    package var path: String
    package var rows: Int
    package var width: Int
    package var model: String
    package var activation: GELUKind
    /// Number of texts that were longer than the model accepts, and were cut.
    package var cut: Int
    /// Time from prepared images or texts to embeddings.
    package var embeddingSeconds: Double
  }

  private static let group = 32
  private static let longestList = 1 << 28
  private static let endings = ["jpg", "jpeg", "png"]

  package let settings: CLIPEmbeddingSettings

  package init(_ settings: CLIPEmbeddingSettings) throws {
    self.settings = settings
    _ = try EmbeddingFormats.writing(settings.output)
  }

  /// - Throws: `clip.…`; `embed.none` when there is nothing to embed; `picture.unreadable` for a damaged image.
  package func run(_ events: (_ done: Int, _ total: Int) -> Void) throws -> Outcome {
    let model = try CLIPModel(settings.clip, activation: settings.activation)
    let threads = WorkerThreads(settings.threads)
    defer { threads.stop() }
    var (keys, rows, cut, time) = ([String](), [[Float]](), 0, Duration.zero)
    switch settings.inputs {
    case .texts(let list):
      let texts = try Self.texts(list)
      let embedder = try TextEmbedder(model, tokenizer: settings.tokenizer, backend: FastBackend(), threads: threads)
      cut = texts.count { embedder.tokenizer.isCut($0.text) }
      keys = texts.map(\.key)
      time = try ContinuousClock().measure {
        rows =
          settings.templates.isEmpty
          ? try embedder.embed(texts.map(\.text))
          : try embedder.classEmbeddings(texts.map(\.text), Prompts(templates: settings.templates))
      }
    case .images(let paths):
      let files = try Self.images(paths)
      let embedder = try ImageEmbedder(model, backend: FastBackend(), threads: threads)
      let workers = DecodeWorkers(count: settings.jobs, command: settings.workerCommand)
      defer { workers.stop() }
      let loader = ImageLoader(workers, side: embedder.side)
      keys = files.map(\.key)
      for start in stride(from: 0, to: files.count, by: Self.group) {
        let part = Array(files[start..<min(files.count, start + Self.group)])
        let images = try parallelMap(part.count, threads: settings.jobs) { try loader.load(part[$0].path) }
        var found = FloatBuffer(0)
        time += try ContinuousClock().measure { found = try embedder.embed(squared: images) }
        rows += part.indices.map { found[$0 * embedder.width..<($0 + 1) * embedder.width] }
        events(start + part.count, files.count)
      }
    }
    guard !rows.isEmpty else { throw Failure.nothingToEmbed(settings.output) }
    try write(keys, settings.normalize ? rows.map(TextEmbedder.unit) : rows, model)
    return Outcome(
      path: settings.output, rows: rows.count, width: model.width, model: model.name, activation: model.gelu, cut: cut,
      embeddingSeconds: Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18)
  }

  private func write(_ keys: [String], _ rows: [[Float]], _ model: CLIPModel) throws {
    let byKey = Dictionary(zip(keys, rows)) { first, _ in first }
    guard byKey.count == keys.count else { throw Failure.keysTwice(keys) }
    let about = [
      "activation": model.gelu.rawValue, "model": model.name, "normalised": "\(settings.normalize)",
      "templates": settings.templates.joined(separator: " | "), "weights": try Digest.ofFile(model.weightsPath).hex,
    ]
    let embeddings = EmbeddingSet(
      keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { .init(key: $0, rows: 1, seconds: 0) },
      width: model.width, times: nil, metadata: { about },
      values: { byKey[$0] ?? [] })
    try Files.makeDirectory(Files.parent(settings.output))
    try EmbeddingFormats.writing(settings.output).write(embeddings, to: settings.output)
  }

  /// Each text with its key: the part before a tab, or the text itself.
  private static func texts(_ list: String) throws -> [(key: String, text: String)] {
    let bytes =
      list == "-" ? try Files.readStream("/dev/stdin", limit: longestList) : try Files.read(list, limit: longestList)
    guard let text = String(validating: bytes, as: UTF8.self) else { throw Failure.textsNotUTF8(list) }
    return text.split(whereSeparator: \.isNewline).map { line in
      let parts = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
      return parts.count == 2 ? (String(parts[0]), String(parts[1])) : (String(line), String(line))
    }
  }

  /// Each file with its name without extension as the key; a directory gives all images in it.
  private static func images(_ paths: [String]) throws -> [(key: String, path: String)] {
    try paths.flatMap { path -> [(key: String, path: String)] in
      guard Files.exists(path), Files.isDirectory(path) else { return [(ClipID.stem(ofFile: Files.name(path)), path)] }
      let names = try Files.names(in: path).filter { name in endings.contains { Files.ending(name) == $0 } }.sorted()
      return names.map { (ClipID.stem(ofFile: $0), "\(path)/\($0)") }
    }
  }
}

extension Failure {
  static func nothingToEmbed(_ output: String) -> Failure {
    Failure(
      "embed.none", "there is nothing to embed", on: output, expected: "a text on a line, or JPEG and PNG files",
      exit: .usage)
  }

  static func keysTwice(_ keys: [String]) -> Failure {
    var seen: Set<String> = []
    let twice = keys.first { !seen.insert($0).inserted } ?? ""
    return Failure(
      "embed.keys", "two inputs have one name", found: twice,
      hint: "of texts: name<TAB>text; of images: other file names")
  }

  static func textsNotUTF8(_ path: String) -> Failure {
    Failure("embed.texts", "the list of texts is not UTF-8", on: path)
  }
}

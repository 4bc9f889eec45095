import Basics
import CLIP
import Corpus
import Evaluation
import Foundation
import Kernels
import Media
import Models
import Runs
import Wav2CLIP

/// The settings of `pipeline search`.
package struct SearchSettings: Sendable {
  /// What to search for.
  package enum Query: Sendable {
    case text(String)
    /// A JPEG or PNG file.
    case image(String)
    /// A file with audio or video.
    case audio(String)
  }

  package var query: Query
  /// The file of embeddings to search.
  package var embeddings = ""
  /// A CLIP model, for text and images.
  package var clip: String?
  package var activation: GELUKind?
  package var tokenizer: String?
  /// Sentences that the query text is inserted into; empty uses the text unchanged.
  package var templates: [String] = []
  /// Weights of an audio encoder, for audio queries; nil uses the run.
  package var weights: String?
  /// The run for audio queries; nil for the one trained last, or `weights.bin` when there is none.
  package var run: String?
  package var count = 10
  /// Directories with the files that the embeddings were made from.
  package var media: [String] = []
  package var html: String?
  package var threads = Machine.processors
  package var workerCommand: WorkerLaunch = []

  package init(_ query: Query) { self.query = query }
}

/// Finds the embeddings of a file that are nearest to a text, an image or an audio clip.
package struct SearchJob: Sendable {
  package struct Hit: Sendable {
    package var key: String
    /// The cosine similarity.
    package var score: Float
    /// The file that the key belongs to; nil when none was found.
    package var path: String?
  }

  package struct Outcome: Sendable {
    package var hits: [Hit]
    /// The number of embeddings that were searched.
    package var searched: Int
    /// The model that made the query's embedding.
    package var model: String
  }

  package let settings: SearchSettings

  package init(_ settings: SearchSettings) { self.settings = settings }

  /// - Throws: `clip.…`; `search.width` for embeddings of another width; `search.model` when no CLIP model is named;
  ///   `usage.weights`, `run.none` and errors of opening the audio encoder; `search.sound` for audio that cannot be
  ///   read.
  package func run() throws -> Outcome {
    let gallery = try SearchGallery(settings.embeddings)
    let threads = WorkerThreads(settings.threads)
    defer { threads.stop() }
    let (query, model) = try query(threads)
    guard query.count == gallery.width else {
      throw Failure.searchWidth(settings.embeddings, found: gallery.width, model: model, expected: query.count)
    }
    let found = Retrieval.nearest(
      queries: UnitRows(query, width: query.count), gallery: UnitRows(gallery.values, width: gallery.width),
      count: min(settings.count, gallery.keys.count))
    let files = try MediaFiles(settings.media)
    let hits = (found.first ?? []).map {
      Hit(key: gallery.keys[$0.item], score: $0.similarity, path: files.path(gallery.keys[$0.item]))
    }
    if let page = settings.html { try SearchPage.write(hits, of: settings, to: page) }
    return Outcome(hits: hits, searched: gallery.keys.count, model: model)
  }

  private func query(_ threads: WorkerThreads) throws -> (embedding: [Float], model: String) {
    switch settings.query {
    case .text(let text):
      let model = try clip()
      let embedder = try TextEmbedder(model, tokenizer: settings.tokenizer, backend: FastBackend(), threads: threads)
      let embedding =
        settings.templates.isEmpty
        ? try embedder.embed([text])[0]
        : try embedder.classEmbeddings([text], Prompts(templates: settings.templates))[0]
      return (embedding, "\(model.name) \(model.gelu.rawValue)")
    case .image(let path):
      let model = try clip()
      let embedder = try ImageEmbedder(model, backend: FastBackend(), threads: threads)
      let workers = DecodeWorkers(count: 1, command: settings.workerCommand)
      defer { workers.stop() }
      let image = try ImageLoader(workers, side: embedder.side).load(path)
      return (try embedder.embed([image])[0], "\(model.name) \(model.gelu.rawValue)")
    case .audio(let path):
      let opened = try EvaluatedModel.open(weights: settings.weights, run: settings.run)
      let embedder = try AudioEmbedder(opened.model, options: .init(threads: settings.threads))
      let workers = DecodeWorkers(count: 1, command: settings.workerCommand)
      defer { workers.stop() }
      let loaded = try AudioLoader(.clip, workers: workers, threads: threads).load([.file(MediaSource(path))][...])
      guard case .audio(let audio)? = loaded.first else { throw Failure.searchAudio(path, loaded.first?.reason) }
      return (
        try embedder.embed(audio.samples, sampleRate: AudioEmbedder.sampleRate),
        settings.weights.map(Files.name) ?? opened.name
      )
    }
  }

  private func clip() throws -> CLIPModel {
    guard let path = settings.clip else { throw Failure.searchModel("words and images", "--clip DIR") }
    return try CLIPModel(path, activation: settings.activation)
  }
}

/// The files that keys may belong to, by name without extension.
private struct MediaFiles {
  private var byStem: [String: String] = [:]
  private let isAsked: Bool

  init(_ directories: [String]) throws {
    isAsked = !directories.isEmpty
    for directory in directories {
      let walk = FileManager.default.enumerator(atPath: directory)
      while let name = walk?.nextObject() as? String {
        let file = Files.name(name)
        guard let ending = Files.ending(file) else { continue }
        let stem = String(file.dropLast(ending.utf8.count + 1))
        if byStem[stem] == nil || "\(directory)/\(name)" < byStem[stem] ?? "" { byStem[stem] = "\(directory)/\(name)" }
      }
    }
  }

  /// The file of a key, or of a key with a window number such as `name_003`.
  func path(_ key: String) -> String? {
    guard isAsked else { return Files.exists(key) ? key : nil }
    if let path = byStem[Files.name(key)] { return path }
    guard let dash = key.lastIndex(of: "_") else { return nil }
    return byStem[Files.name(String(key[..<dash]))]
  }
}

import Basics
import CLIP
import Corpus
import Evaluation
import Kernels
import Media
import Tensors

/// The settings of `pipeline evaluate retrieve`.
package struct RetrievalSettings: Sendable {
  package var shards = "shards"
  /// Nil takes test, or validation when there is no test; train is used only when named.
  package var split: Split?
  /// A file with embeddings of audio clips and frames, used instead of shards and a student.
  package var embeddings: String?
  /// The most queries, evenly spread over the clips; nil uses every clip. The gallery always holds all clips.
  package var mostQueries: Int?
  /// A file of class embeddings.
  package var text: String?
  /// A CLIP model, for captions in the shards.
  package var clip: String?
  package var activation: GELUKind?
  package var tokenizer: String?
  /// A table of labeled seconds within recordings.
  package var timeline: String?
  /// The file that receives everything an external tool needs.
  package var save: String?
  package var jobs = 1
  package var threads = 1
  package var workerCommand: WorkerLaunch = []

  package init() {}
}

/// Measures whether audio retrieves its own frames, frames their audio, and text the right audio and vice versa, on
/// clips that were not trained on.
enum RetrievalEvaluation {
  /// The mean cosine of two clips' embeddings above which an encoder hardly tells clips apart.
  private static let mostAlike = 0.97

  static let columns = ["R@1", "R@5", "R@10", "MRR", "median rank", "class mAP", "queries", "gallery"]

  /// - Parameter student: nil when the settings name a file with embeddings.
  static func run(_ settings: RetrievalSettings, student: EvaluatedModel?, progress: WorkReport = { _ in }) throws
    -> EvaluationRecord
  {
    let threads = WorkerThreads(settings.threads)
    defer { threads.stop() }
    let clips = try clips(settings, student, threads, progress)
    let text = try settings.text.map { try ClassEmbeddings($0, width: clips.width) }
    let targets = clips.labels.map { Targets($0.map { [$0] }) }
    let relevance = Relevance.own(chosen(clips.count, settings.mostQueries), labels: targets?.classes.map { $0[0] })
    var rows: [ScoreRow] = []
    for (name, queries, gallery) in [
      ("audio → image", clips.audio, clips.images), ("image → audio", clips.images, clips.audio),
    ] {
      rows += Self.rows(
        name,
        Retrieval.score(
          queries: some(queries, settings.mostQueries), gallery: gallery, relevance, threads: threads))
    }
    if let text, let known = clips.labels {
      rows += try textRows(text, clips.audio, known, threads, path: settings.text ?? "")
    }
    let captioned = try captionRows(settings, clips, threads)
    rows += captioned?.rows ?? []
    var record = EvaluationRecord(
      kind: "retrieve", title: clips.name,
      data: .init(clips: clips.count, classes: targets?.names ?? [], digest: clips.digest),
      of: student, split: clips.split?.rawValue, scored: clips.count, method: method(settings, hasText: text != nil),
      tables: [ScoreTable(title: clips.title, columns: columns, rows: rows)])
    if let captioned { record.method.append(captioned.method) }
    record.prompts = text?.facts
    record.warnings = clips.warnings
    if let alike = clips.audio.meanCosine, alike > Self.mostAlike {
      record.warnings.append(
        "all clips have nearly the same audio embedding (mean cosine of two clips \(EvaluationText.number(alike))): train longer, or on more clips"
      )
    }
    if let path = settings.save { try save(clips, text, to: path) }
    return record
  }

  private static func clips(
    _ settings: RetrievalSettings, _ student: EvaluatedModel?, _ threads: WorkerThreads, _ progress: WorkReport
  )
    throws -> HeldClips
  {
    if let path = settings.embeddings { return try HeldClips(embeddings: path) }
    guard let student else { throw Failure.noStudent() }
    return try HeldClips(settings.shards, split: settings.split, student, threads: threads, progress: progress)
  }

  private static func chosen(_ count: Int, _ most: Int?) -> [Int] {
    guard let most, most < count else { return Array(0..<count) }
    return (0..<most).map { $0 * count / most }
  }

  private static func some(_ rows: UnitRows, _ most: Int?) -> UnitRows {
    guard let most, most < rows.count else { return rows }
    return UnitRows(rows.rows(chosen(rows.count, most)), width: rows.width)
  }

  private static func method(_ settings: RetrievalSettings, hasText: Bool) -> [String] {
    var lines = [
      "cosine similarity; an image is the mean of its clip's teacher rows; equal similarities rank in the gallery's order",
      "audio → image, image → audio: every clip is a query and an item; R@k and MRR ask for the clip's own item, class mAP for items of its label",
    ]
    if let most = settings.mostQueries { lines.append("at most \(most) queries, evenly spread; the gallery is whole") }
    if hasText {
      lines.append(
        "text → audio: the class embeddings of labels that some clip has are queries, any clip of the label counts as found; audio → text: each clip's label is sought among all class embeddings"
      )
    }
    return lines
  }

  /// The row of scores, and the row for guessing with the same gallery.
  static func rows(_ name: String, _ s: RetrievalScores) -> [ScoreRow] {
    func row(_ name: String, _ origin: ScoreRow.Origin, _ values: [Double?]) -> ScoreRow {
      let known = zip(columns, values).compactMap { column, value in value.map { (column, Spread([$0])) } }
      return ScoreRow(name, origin, scores: Dictionary(uniqueKeysWithValues: known))
    }
    let counts: [Double?] = [Double(s.queries), Double(s.gallery)]
    let c = s.chance
    return [
      row(
        name, .measured,
        [s.recallAt1, s.recallAt5, s.recallAt10, s.meanReciprocalRank, s.medianRank, s.classMeanAveragePrecision]
          + counts),
      row(
        "chance, \(name)", .chance,
        [c.recallAt1, c.recallAt5, c.recallAt10, c.meanReciprocalRank, nil, c.classMeanAveragePrecision] + counts),
    ]
  }

  private static func textRows(
    _ text: ClassEmbeddings, _ audio: UnitRows, _ labels: [String], _ threads: WorkerThreads, path: String
  ) throws -> [ScoreRow] {
    let places = text.places(labels)
    guard places.contains(where: { $0 != nil }) else {
      throw Failure.noCommonLabels(path, label: labels.first ?? "", names: text.labels)
    }
    let width = text.width
    let words = UnitRows(text.values, width: width)
    // Only labels that some clip has are used as queries.
    let asked = Set(places.compactMap { $0 }).sorted()
    // Labels without an embedding get a number that no query has.
    let gallery = places.map { $0 ?? -1 }
    let toAudio = Retrieval.score(
      queries: UnitRows(asked.flatMap { text.values[$0 * width..<($0 + 1) * width] }, width: width), gallery: audio,
      .label(queries: asked, gallery: gallery), threads: threads)
    let known = places.indices.filter { places[$0] != nil }
    let heard = UnitRows(audio.rows(known), width: audio.width)
    let toText = Retrieval.score(
      queries: heard, gallery: words,
      .label(queries: known.compactMap { places[$0] }, gallery: Array(text.labels.indices)), threads: threads)
    return rows("text → audio", toAudio) + rows("audio → text", toText)
  }

  /// Captions as queries, each for its own clip; nil without a model.
  private static func captionRows(
    _ settings: RetrievalSettings, _ clips: HeldClips, _ threads: WorkerThreads
  ) throws -> (rows: [ScoreRow], method: String)? {
    guard let path = settings.clip else { return nil }
    let queries = clips.captions.enumerated().flatMap { clip, texts in texts.map { (clip: clip, text: $0) } }
    guard !queries.isEmpty else { throw Failure.noCaptions(settings.shards) }
    let model = try CLIPModel(path, activation: settings.activation)
    let embedder = try TextEmbedder(model, tokenizer: settings.tokenizer, backend: FastBackend(), threads: threads)
    guard embedder.width == clips.width else {
      throw Failure.classWidth(path, found: [queries.count, embedder.width], expected: clips.width)
    }
    let words = UnitRows(try embedder.embed(queries.map(\.text)).flatMap(\.self), width: embedder.width)
    let own = Relevance.own(queries.map(\.clip), labels: nil)
    let scored = [("caption → audio", clips.audio), ("caption → image", clips.images)].flatMap { name, gallery in
      rows(name, Retrieval.score(queries: words, gallery: gallery, own, threads: threads))
    }
    return (
      scored,
      "caption → audio, caption → image: each caption is a query and belongs to its own clip; by \(model.name) \(model.gelu.rawValue)"
    )
  }

  private static func save(_ clips: HeldClips, _ text: ClassEmbeddings?, to path: String) throws {
    var tensors = NamedTensors()
    for (name, rows) in [("audio", clips.audio), ("image", clips.images)] {
      try tensors.add(
        name, Tensor(shape: [clips.count, clips.width], floats: rows.rows(Array(0..<clips.count))))
    }
    var metadata = ["ids": try CanonicalJSON.text(clips.ids)]
    if let labels = clips.labels { metadata["labels"] = try CanonicalJSON.text(labels) }
    if let text {
      try tensors.add("text", Tensor(shape: [text.labels.count, text.width], floats: text.values))
      metadata["text"] = try CanonicalJSON.text(text.labels)
    }
    try Files.makeDirectory(Files.parent(path))
    let file = try OutputFile(path)
    try SafetensorsFile.write(tensors, metadata: metadata, to: file)
    try file.commit()
  }
}

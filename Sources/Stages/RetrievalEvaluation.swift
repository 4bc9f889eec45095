import Basics
import Corpus
import Evaluation
import Kernels
import Tensors

/// What `pipeline evaluate retrieve` is asked to do.
package struct RetrievalSettings: Sendable {
  package var shards = "shards"
  /// Nil takes test, else validation; never train unless it is named.
  package var split: Split?
  /// Class vectors.
  package var text: String?
  /// A table of seconds within recordings.
  package var timeline: String?
  /// Where everything an outside judge needs is written.
  package var save: String?
  package var jobs = 1
  package var threads = 1
  package var workerCommand: [String] = []

  package init() {}
}

/// `pipeline evaluate retrieve`: do sounds find their pictures, pictures their sounds, and words both, on clips that were not
/// trained on?
package enum RetrievalEvaluation {
  package static let columns = ["R@1", "R@5", "R@10", "MRR", "median rank", "class mAP", "queries", "gallery"]

  package static func run(_ settings: RetrievalSettings, student: EvaluatedStudent) throws -> EvaluationRecord {
    let threads = WorkerThreads(settings.threads)
    defer { threads.stop() }
    let text = try settings.text.map { try ClassVectors($0, width: student.architecture.width) }
    let clips = try HeldClips(settings.shards, split: settings.split, student, threads: threads)
    let (audio, images) = (UnitRows(clips.audio, width: clips.width), UnitRows(clips.images, width: clips.width))
    let targets = clips.labels.map { Targets($0.map { [$0] }) }
    let labels = targets.map { $0.classes.map { $0[0] } }
    var rows = [("audio → image", audio, images), ("image → audio", images, audio)].flatMap { name, queries, gallery in
      Self.rows(name, Retrieval.score(queries: queries, gallery: gallery, .own(labels: labels), threads: threads))
    }
    var method = [
      "cosine similarity; an image is the mean of its clip's teacher rows; equal similarities rank in the gallery's order",
      "audio → image, image → audio: every clip is a query and an item; R@k and MRR ask for the clip's own item, class mAP for items of its label",
    ]
    if let text, let known = clips.labels {
      rows += try textRows(text, audio, known, threads, path: settings.text ?? "")
      method.append(
        "text → audio: class vectors are queries, any clip of the label counts as found; audio → text: each clip's label is sought among the class vectors"
      )
    }
    var record = EvaluationRecord(
      kind: "retrieve", title: "\(clips.split.rawValue) split of the shards",
      data: .init(clips: clips.ids.count, classes: targets?.names ?? [], digest: clips.digest),
      weights: student.digest, run: student.run, method: method,
      tables: [
        ScoreTable(title: "\(clips.ids.count) \(clips.split.rawValue) clips", columns: columns, rows: rows)
      ])
    record.prompts = text?.facts
    record.warnings = clips.warning.map { [$0] } ?? []
    if let path = settings.save { try save(clips, text, to: path) }
    return record
  }

  /// The row and what guessing gives at the same gallery.
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
    _ text: ClassVectors, _ audio: UnitRows, _ labels: [String], _ threads: WorkerThreads, path: String
  ) throws -> [ScoreRow] {
    let places = text.places(labels)
    guard places.contains(where: { $0 != nil }) else {
      throw Failure.noCommonLabels(path, label: labels.first ?? "", names: text.labels)
    }
    let words = UnitRows(text.values, width: text.width)
    // A label without a vector has a number that no query has.
    let gallery = places.map { $0 ?? -1 }
    let toAudio = Retrieval.score(
      queries: words, gallery: audio, .label(queries: Array(text.labels.indices), gallery: gallery), threads: threads)
    let known = places.indices.filter { places[$0] != nil }
    let heard = UnitRows(audio.rows(known), width: audio.width)
    let toText = Retrieval.score(
      queries: heard, gallery: words,
      .label(queries: known.compactMap { places[$0] }, gallery: Array(text.labels.indices)), threads: threads)
    return rows("text → audio", toAudio) + rows("audio → text", toText)
  }

  private static func save(_ clips: HeldClips, _ text: ClassVectors?, to path: String) throws {
    var tensors = NamedTensors()
    try tensors.add("audio", Tensor(shape: [clips.ids.count, clips.width], floats: clips.audio))
    try tensors.add("image", Tensor(shape: [clips.ids.count, clips.width], floats: clips.images))
    var metadata = ["ids": try CanonicalJSON.text(clips.ids)]
    if let labels = clips.labels { metadata["labels"] = try CanonicalJSON.text(labels) }
    if let text {
      try tensors.add("text", Tensor(shape: [text.labels.count, text.width], floats: text.values))
      metadata["text"] = try CanonicalJSON.text(text.labels)
    }
    try Files.makeFolder(Files.parent(path))
    let file = try OutputFile(path)
    try SafetensorsFile.write(tensors, metadata: metadata, to: file)
    try file.commit()
  }
}

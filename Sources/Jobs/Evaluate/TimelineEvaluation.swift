import Audio
import Models
import Basics
import Corpus
import Training
import Evaluation
import Foundation
import Kernels
import Media

/// Retrieval within recordings: finds the seconds of a recording that belong to a class.
enum TimelineEvaluation {
  /// One labeled section of a recording.
  private struct Stretch {
    var start: Double
    var end: Double
    var label: String
  }

  private struct Recording {
    var name: String
    var stretches: [Stretch]
    /// One embedding for each whole second.
    var seconds: UnitRows
  }

  private static let windowSamples = FrontEnd.sampleRate

  /// - Parameter path: a table file,start,end,label; the files are in its directory.
  /// - Throws: `timeline.…` for a row that cannot be read, and for a recording without audio, shorter than two seconds
  ///   or longer than ten minutes; `evaluate.nonfinite`.
  static func run(
    _ path: String, _ settings: RetrievalSettings, student: EvaluatedModel, progress: WorkReport = { _ in }
  ) throws -> EvaluationRecord {
    let threads = WorkerThreads(settings.threads)
    defer { threads.stop() }
    let text = try settings.text.map { try ClassEmbeddings($0, width: student.model.width) }
    let stretches = try read(path)
    let hasher = DigestBuilder()
    let (recordings, silent) = try embed(path, stretches, settings, student, threads, hasher, progress)
    var rows: [ScoreRow] = []
    if let text {
      rows += try score("class embedding", recordings, path) { label, _ in
        text.places([label])[0].map { Array(text.values[$0 * text.width..<($0 + 1) * text.width]) }
      }
    }
    rows += try score("example", recordings, path) { label, recording in
      example(label, recordings, besides: recording)
    }
    let labels = Set(stretches.flatMap { $0.stretches.map(\.label) })
    var record = EvaluationRecord(
      kind: "timeline", title: DataTitle.of(path),
      data: .init(
        clips: recordings.count, classes: labels.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) },
        digest: hasher.finish()),
      of: student, split: nil, scored: recordings.count,
      method: [
        "every recording is cut into windows of one second, side by side, each normalized by itself; a query is a recording and a label in it",
        "the recording's seconds are ranked by cosine similarity; those that lie whole within a stretch of the label are right",
        "class embedding: the label's embedding from the file; example: the mean of the label's seconds in the next recording that has it",
        "first is right: share of queries whose best second is right; chance: the mean share of right seconds",
      ],
      tables: [
        ScoreTable(
          title: "\(recordings.count) recordings",
          columns: ["first is right", "MRR", "average precision", "queries"], rows: rows)
      ])
    record.prompts = text?.facts
    record.warnings = silent.warning(of: recordings.count).map { [$0] } ?? []
    return record
  }

  private static func read(_ path: String) throws -> [(file: String, stretches: [Stretch])] {
    var (files, byFile) = ([String](), [String: [Stretch]]())
    for record in try CommaSeparated.records(try Files.read(path, limit: 1 << 28), source: path) {
      let fields = record.fields
      if record.isEmpty || (record.line == 1 && fields.first == "file") { continue }
      guard fields.count == 4, let start = Double(fields[1]), let end = Double(fields[2]), start >= 0, end > start,
        end < 1e6, !fields[3].isEmpty
      else { throw Failure.timelineRow(path, record.line) }
      if byFile[fields[0]] == nil { files.append(fields[0]) }
      byFile[fields[0], default: []].append(Stretch(start: start, end: end, label: fields[3]))
    }
    guard !files.isEmpty else { throw Failure.timelineEmpty(path) }
    return files.map { ($0, byFile[$0] ?? []) }
  }

  private static func embed(
    _ path: String, _ files: [(file: String, stretches: [Stretch])], _ settings: RetrievalSettings,
    _ student: EvaluatedModel, _ threads: WorkerThreads, _ hasher: borrowing DigestBuilder, _ progress: WorkReport
  ) throws -> (recordings: [Recording], silent: SilentClips) {
    let workers = DecodeWorkers(count: settings.jobs, command: settings.workerCommand)
    let readers = WorkerThreads(settings.jobs)
    defer {
      readers.stop()
      workers.stop()
    }
    let loader = AudioLoader(.recording, workers: workers, threads: readers)
    let sources = files.map { AudioLoader.Source.file(MediaSource("\(Files.parent(path))/\($0.file)")) }
    let embedder = Embedder(student.model, project: true, backend: FastBackend(), threads: threads)
    var (recordings, silent) = ([Recording](), SilentClips())
    progress(WorkProgress("recordings", of: sources.count))
    try loader.loadAll(sources) { first, part in
      for (file, loaded) in zip(files[first...], part) {
        let samples = try samples(loaded, of: file.file)
        silent.add(file.file, samples)
        hasher.update(field: file.file)
        samples.withUnsafeBytes { hasher.update($0) }
        for stretch in file.stretches { hasher.update(field: "\(stretch.start) \(stretch.end) \(stretch.label)") }
        let embeddings = try embed(samples, embedder)
        let names = (0..<embeddings.count / embedder.width).map { "\(file.file), second \($0)" }
        try FiniteEmbeddings.check(embeddings: embeddings, of: names, student)
        recordings.append(
          Recording(name: file.file, stretches: file.stretches, seconds: UnitRows(embeddings, width: embedder.width)))
      }
      progress(WorkProgress("recordings", done: first + part.count, of: sources.count))
    }
    return (recordings, silent)
  }

  /// The whole audio of a recording.
  private static func samples(_ loaded: AudioLoader.Loaded, of file: String) throws -> [Float] {
    switch loaded {
    case .audio(let audio):
      guard audio.samples.count >= 2 * windowSamples else { throw Failure.timelineShort(file, "under two seconds") }
      return audio.samples
    case .long: throw Failure.timelineLong(file, most: AudioLoader.Use.recording.mostSeconds)
    case .refused: throw Failure.timelineShort(file, loaded.reason)
    }
  }

  /// `[seconds, width]`: an embedding for each whole second.
  private static func embed(_ samples: [Float], _ embedder: Embedder) throws -> [Float] {
    try embedder.embed(samples.count / windowSamples, samples: windowSamples) { second, place in
      samples.withUnsafeBufferPointer { samples in
        if let start = samples.baseAddress {
          place.update(from: start + second * windowSamples, count: windowSamples)
        }
      }
    }.values
  }

  /// The indices of the seconds that a label covers completely.
  private static func seconds(_ recording: Recording, _ label: String) -> [Int] {
    (0..<recording.seconds.count).filter { second in
      recording.stretches.contains { $0.label == label && $0.start <= Double(second) && $0.end >= Double(second + 1) }
    }
  }

  private static func example(_ label: String, _ recordings: [Recording], besides number: Int) -> [Float]? {
    for step in 1..<max(1, recordings.count) {
      let other = recordings[(number + step) % recordings.count]
      let members = seconds(other, label)
      guard !members.isEmpty else { continue }
      let rows = other.seconds.rows(members)
      let width = other.seconds.width
      return (0..<width).map { column in
        members.indices.reduce(Float(0)) { $0 + rows[$1 * width + column] } / Float(members.count)
      }
    }
    return nil
  }

  private static func score(
    _ name: String, _ recordings: [Recording], _ path: String, query: (_ label: String, _ recording: Int) -> [Float]?
  ) throws -> [ScoreRow] {
    var (firsts, reciprocals, precisions, shares) = ([Double](), [Double](), [Double](), [Double]())
    for (number, recording) in recordings.enumerated() {
      let labels = Set(recording.stretches.map(\.label)).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      for label in labels {
        let right = seconds(recording, label)
        guard !right.isEmpty, right.count < recording.seconds.count, let embedding = query(label, number) else {
          continue
        }
        let unit = UnitRows(embedding, width: recording.seconds.width)
        let scores = Retrieval.similarities(queries: unit, gallery: recording.seconds)
        let order = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
        let place = (order.firstIndex { right.contains($0) } ?? 0) + 1
        firsts.append(place == 1 ? 1 : 0)
        reciprocals.append(1 / Double(place))
        let relevant = scores.indices.map { right.contains($0) }
        precisions.append(Scores.averagePrecision(scores, relevant) ?? 0)
        shares.append(Double(right.count) / Double(recording.seconds.count))
      }
    }
    guard !firsts.isEmpty else { return [] }
    let count = Spread([Double(firsts.count)])
    return [
      ScoreRow(
        name,
        scores: [
          "first is right": Spread([Scores.mean(firsts)]), "MRR": Spread([Scores.mean(reciprocals)]),
          "average precision": Spread([Scores.mean(precisions)]), "queries": count,
        ]),
      ScoreRow(
        "chance, \(name)", .chance, scores: ["first is right": Spread([Scores.mean(shares)]), "queries": count]),
    ]
  }
}

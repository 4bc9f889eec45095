// Embeds audio clips into a file.
//
// The job repeats three steps: decode as many audio clips as fit into memory (with decode workers in parallel), embed
// them together, and write the embeddings to the journal. A long audio clip is processed alone, piece by piece. At the
// end the journal is read in the order of the keys, the complete output is written, and the journal is removed. A run
// that was interrupted resumes with the content of the journal.

import Audio
import Basics
import Corpus
import Foundation
import Kernels
import Media
import Shards
import Tensors
import Training
import Wav2CLIP

package final class EmbedJob {
  package enum Event {
    /// A note about the inputs as a whole; reported before all other events.
    case note(String)
    /// Reported before anything is decoded: the number of clips, and how many of them an earlier run has embedded.
    case began(total: Int, resumed: Int)
    case embedded(name: String, rows: Int)
    case leftOut(LeftOutAudio)
    case warned(name: String, Finding)
    /// The last event.
    case written(Outcome)
  }

  package struct Outcome: Sendable {
    package var path: String
    package var audioClips: Int
    package var rows: Int
    package var width: Int
    package var resumed: Int
    package var leftOut: [LeftOutAudio]
    package var bytes: Int
    /// Time from decoded audio to embeddings; clips that are embedded in two passes are not counted.
    package var embeddingSeconds: Double
  }

  package let settings: EmbeddingSettings
  private let format: any WritableEmbeddings.Type
  private let sources: EmbeddingItems
  private let cut: WindowCut?
  private var leftOut: [LeftOutAudio] = []
  private var embeddingTime = Duration.zero

  /// Finds what there is to embed. Reads no weights and decodes nothing.
  package init(_ settings: EmbeddingSettings) throws {
    self.settings = settings
    format = try EmbeddingFormats.writing(settings.output)
    cut = try settings.cut()
    sources = try EmbeddingItems(settings)
    leftOut = sources.leftOut
  }

  package var count: Int { sources.items.count }

  /// Names the weights that make the embeddings; a captioner stores this as its encoder.
  package static func encoder(_ settings: EmbeddingSettings) throws -> String {
    try EmbeddingModel(settings).description()
  }

  /// Reports what `run` would report about the inputs before it decodes any.
  package func plan(_ events: (Event) throws -> Void) throws {
    for warning in sources.warnings { try events(.note(warning)) }
  }

  /// - Throws: `embed.none` when no audio could be embedded; `sounds.left-out` when too much audio could not be
  ///   embedded, after the rest is written.
  package func run(_ events: (Event) throws -> Void) throws {
    try plan(events)
    let outcome = try write(events)
    try events(.written(outcome))
    let total = outcome.audioClips + outcome.leftOut.count
    if Double(outcome.leftOut.count) > settings.maxBadFraction * Double(total) {
      throw Failure.audioLeftOut(outcome.leftOut.count, of: total, allowed: settings.maxBadFraction)
    }
  }

  private func write(_ report: (Event) throws -> Void) throws -> Outcome {
    let (directory, name) = (Files.parent(settings.file), Files.name(settings.file))
    try Files.makeDirectory(directory)
    let lock = try FileLock("\(directory)/.\(name).lock")
    defer { withExtendedLifetime(lock) {} }
    let student = try EmbeddingModel(settings)
    let embedder = try AudioEmbedder(
      student.model,
      options: .init(
        projection: settings.projection, normalize: settings.normalize, threads: settings.threads,
        precision: try Precision(named: settings.precision)))
    let journal = try EmbeddingJournal("\(directory)/.\(name).journal", settings: try fingerprint(student))
    let items = sources.items.filter { journal.record($0.key, identity: $0.identity) == nil }
    let resumed = sources.items.count - items.count
    try report(.began(total: sources.items.count + leftOut.count, resumed: resumed))
    for audio in leftOut { try report(.leftOut(audio)) }
    try embed(items, embedder, journal, report)
    let records = sources.items.compactMap { journal.record($0.key, identity: $0.identity) }
    // A part may have no audio clips; its file is written anyway, so that the set is complete.
    guard !records.isEmpty || settings.part != nil else {
      try journal.remove()
      throw Failure.nothingEmbedded(leftOut)
    }
    let embeddings = EmbeddingSet(
      records.map { .init(key: $0.key, rows: $0.rows, seconds: $0.seconds) }, width: embedder.width,
      times: cut?.time, metadata: { try self.metadata(student, embedder) }, values: journal.embeddings)
    try OutputFile.removeLeftOvers(of: settings.file)
    try format.write(embeddings, to: settings.file)
    try journal.remove()
    return Outcome(
      path: settings.file, audioClips: records.count, rows: embeddings.rows, width: embedder.width, resumed: resumed,
      leftOut: leftOut, bytes: try Files.identity(settings.file).size, embeddingSeconds: embeddingTime.seconds)
  }

  // MARK: Audio clips

  private func embed(
    _ items: [EmbeddingItem], _ embedder: AudioEmbedder, _ journal: EmbeddingJournal, _ report: (Event) throws -> Void
  ) throws {
    let workers = DecodeWorkers(count: settings.jobs, command: settings.workerCommand)
    let threads = WorkerThreads(settings.jobs)
    defer {
      threads.stop()
      workers.stop()
    }
    let loader = AudioLoader(
      cut == nil ? .clip : .windows(shortAsWhole: settings.shortAsWhole), workers: workers, threads: threads)
    let audio = items.map { $0.audio(in: sources.clips) }
    try loader.loadAll(audio) { first, loaded in
      let wave = Array(zip(items[first...], loaded))
      try embed(wave, embedder, journal, report)
      for (item, loaded) in wave {
        if cut != nil, case .long = loaded { try embedLong(item, embedder, workers, journal, report) }
      }
    }
  }

  private func embed(
    _ wave: [(EmbeddingItem, AudioLoader.Loaded)], _ embedder: AudioEmbedder, _ journal: EmbeddingJournal,
    _ report: (Event) throws -> Void
  ) throws {
    var (items, audioClips) = ([EmbeddingItem](), [[Float]]())
    for (item, loaded) in wave {
      switch loaded {
      case .audio(let audio):
        for finding in audio.warnings { try report(.warned(name: item.name, finding)) }
        items.append(item)
        audioClips.append(audio.samples)
      case .refused(let finding): try leaveOut(item, finding, report)
      case .long(let length):
        if cut == nil { try leaveOut(item, .audioLong(length), report) }
      }
    }
    if items.isEmpty { return }
    let start = ContinuousClock.now
    let embeddings =
      try cut.map { try embedder.embedWindows(audioClips, $0, shortAsWhole: settings.shortAsWhole) }
      ?? embedder.embedClips(audioClips).map { [$0] }
    embeddingTime += ContinuousClock.now - start
    for (place, item) in items.enumerated() {
      try keep(
        item, embeddings[place].flatMap { $0 }, samples: audioClips[place].count, embedder.width, journal, report)
    }
  }

  /// Embeds in two passes: the first finds the mean and deviation over all windows, the second makes their embeddings.
  /// - Throws: `embed.large`, between the passes, when there would be more embeddings than the journal can hold.
  private func embedLong(
    _ item: EmbeddingItem, _ embedder: AudioEmbedder, _ workers: DecodeWorkers, _ journal: EmbeddingJournal,
    _ report: (Event) throws -> Void
  ) throws {
    guard case .file(let file) = item.source, let cut else { return }
    do {
      var moments = SpectrogramMoments()
      let heard = try pieces(file, cut, workers) { try embedder.addWindows(of: $0, cut, to: &moments) }
      let norm = moments.norm
      let count = cut.count(samples: heard) * embedder.width
      try EmbeddingJournal.check(values: count, of: item.name)
      var embeddings: [Float] = []
      embeddings.reserveCapacity(count)
      let samples = try pieces(file, cut, workers) { piece in
        for embedding in try embedder.embedWindows(of: piece, cut, norm: norm) { embeddings += embedding }
      }
      try keep(item, embeddings, samples: samples, embedder.width, journal, report)
    } catch let undecodable as Undecodable {
      try leaveOut(item, undecodable.finding, report)
    }
  }

  /// Calls `body` with pieces that consist of whole windows. Returns the number of samples.
  private func pieces(
    _ file: SourceFile, _ cut: WindowCut, _ workers: DecodeWorkers, _ body: ([Float]) throws -> Void
  ) throws -> Int {
    let pieces = AudioPieces(file.media, workers)
    defer { pieces.stop() }
    var windows = WindowStream(cut)
    var samples = 0
    while let piece = try pieces.next() {
      if Interruption.isRequested { throw Interruption.failure }
      samples += piece.count
      let ready = windows.take(piece)
      if !ready.isEmpty { try body(ready) }
    }
    return samples
  }

  private func keep(
    _ item: EmbeddingItem, _ embeddings: [Float], samples: Int, _ width: Int, _ journal: EmbeddingJournal,
    _ report: (Event) throws -> Void
  ) throws {
    guard embeddings.allSatisfy(\.isFinite) else {
      return try leaveOut(item, Finding(.embeddingNonfinite, "the weights or the audio hold NaN or Inf"), report)
    }
    let record = EmbeddingJournal.Record(
      key: item.key, identity: item.identity, rows: embeddings.count / width, width: width,
      seconds: Double(samples) / AudioEmbedder.sampleRate)
    try journal.append(record, embeddings)
    try report(.embedded(name: item.name, rows: record.rows))
  }

  private func leaveOut(_ item: EmbeddingItem, _ finding: Finding, _ report: (Event) throws -> Void) throws {
    let audio = LeftOutAudio(name: item.name, finding: finding)
    leftOut.append(audio)
    try report(.leftOut(audio))
  }

  // MARK: What embeddings depend on

  /// Digest of the audio clips and of everything else that their embeddings depend on.
  package func identity() throws -> Digest {
    let builder = DigestBuilder()
    builder.update(field: try fingerprint(try EmbeddingModel(settings)).hex)
    for item in sources.items {
      builder.update(field: item.key)
      builder.update(field: item.identity)
    }
    return builder.finish()
  }

  private func fingerprint(_ student: EmbeddingModel) throws -> Digest {
    var parts: [String: String] = [
      "weights": student.identity, "hop": cut.map { "\($0.hop)" } ?? "clip", "projection": "\(settings.projection)",
      "normalize": "\(settings.normalize)",
      "kernels": try CanonicalJSON.text(try FastBackend(precision: try Precision(named: settings.precision)).identity),
      "media": try CanonicalJSON.text(MediaToolchain.identity),
    ]
    if settings.shortAsWhole { parts["short"] = "whole" }
    settings.workerCommand.codecs.note(in: &parts)
    return Digest(of: try CanonicalJSON.bytes(parts))
  }

  private func metadata(_ student: EmbeddingModel, _ embedder: AudioEmbedder) throws -> [String: String] {
    var metadata = [
      "space": embedder.isProjected ? "clip" : "encoder", "normalized": "\(settings.normalize)",
      "weights": try student.description(),
    ]
    if let cut { metadata["hop_seconds"] = "\(cut.time(1))" }
    if let teacher = student.model.metadata["teacher"] { metadata["teacher"] = teacher }
    return metadata
  }
}

extension Finding {
  fileprivate static func audioLong(_ length: String) -> Finding {
    let most = AudioLoader.Use.clip.mostSeconds
    return Finding(
      ReasonCode(rawValue: "sound.long"), "\(length), and one embedding serves at most \(most) s; use --windows")
  }
}

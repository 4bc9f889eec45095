import Audio
import Basics
import Corpus
import Evaluation
import Kernels
import Media
import Shards
import Training

/// The clips whose captions are scored, and those that captioners may have been trained on.
struct CaptionClips {
  struct Clip {
    var id: String
    var captions: [String]
    var label: String?
    /// Nil when its audio is not available.
    var audio: AudioLoader.Source?
  }

  /// In the order of the shards or of the table; each has at least one caption.
  private(set) var scored: [Clip] = []
  private(set) var training: [Clip] = []
  /// The name of the data, for people.
  private(set) var title = ""
  /// The split that is scored; nil when the data have no splits.
  private(set) var split: Split?
  /// Clips that cannot be scored, and why.
  private(set) var leftOut: [String] = []

  /// Whether every clip has audio.
  var haveAudio: Bool { (scored + training).allSatisfy { $0.audio != nil } }

  /// - Throws: `captions.none` when no clip has a caption; errors of reading shards or tables.
  init(_ settings: CaptionSettings) throws {
    if let table = settings.captions { try readTable(table, settings) } else { try readShards(settings) }
    guard !scored.isEmpty else { throw Failure.noCaptions(settings.captions ?? settings.shards) }
  }

  // MARK: Shards

  private mutating func readShards(_ settings: CaptionSettings) throws {
    let set = try TrainingSet(directory: settings.shards)
    let wanted = settings.split ?? [.test, .validation].first { set.splits.contains($0) }
    guard let wanted else {
      throw Failure.noHeldSplit(settings.shards, found: set.splits.map(\.rawValue).joined(separator: ", "))
    }
    let named = try clips(set, wanted)
    scored = named.filter { !$0.captions.isEmpty }
    leftOut = named.filter(\.captions.isEmpty).map { "\($0.id): no caption" }
    if wanted != .train, set.splits.contains(.train) {
      training = try clips(set, .train).filter { !$0.captions.isEmpty }
    }
    split = wanted
    title = "\(wanted.rawValue) clips of \(DataTitle.of(settings.shards))"
  }

  private func clips(_ set: TrainingSet, _ split: Split) throws -> [Clip] {
    let clips = try ShardClips(set.samples(split))
    return try clips.ids.indices.map { index in
      Clip(
        id: clips.ids[index], captions: try clips.captions(index), label: try clips.label(index),
        audio: .stored {
          let samples = FloatBuffer(clips.samples)
          try clips.waveform(index, into: samples.start)
          return samples.values
        })
    }
  }

  // MARK: Tables

  private mutating func readTable(_ path: String, _ settings: CaptionSettings) throws {
    let manifest = try Manifest(path: path)
    let found = Set(manifest.rows.compactMap(\.split))
    let wanted = settings.split ?? [.test, .validation].first { found.contains($0) }
    guard wanted.map(found.contains) ?? found.isEmpty else {
      throw Failure.captionSplit(path, settings.split, found: found.sorted())
    }
    let files = try settings.audio.isEmpty ? [] : SourceFiles(settings.audio).files
    let all = clips(manifest, files, needsAudio: !settings.audio.isEmpty)
    let splits = Dictionary(uniqueKeysWithValues: manifest.rows.map { (ByteKey($0.clip), $0.split) })
    scored = all.filter { splits[ByteKey($0.id)] == wanted }
    if let other = settings.training {
      training = clips(try Manifest(path: other), files, needsAudio: !settings.audio.isEmpty)
    } else if wanted != nil, wanted != .train {
      training = all.filter { splits[ByteKey($0.id)] == .train }
    }
    split = wanted
    title = DataTitle.of(path)
  }

  /// The rows with captions. If audio is needed, rows without audio are left out, and the reason is kept.
  private mutating func clips(_ manifest: Manifest, _ files: [SourceFile], needsAudio: Bool) -> [Clip] {
    let rows = manifest.rows.filter { row in
      if row.captions.isEmpty { leftOut.append("\(row.clip): no caption") }
      return !row.captions.isEmpty
    }
    guard needsAudio else { return rows.map { Clip(id: $0.clip, captions: $0.captions, label: $0.label) } }
    let candidates = ClipList(files: files, manifest: manifest).candidates
    let byID = Dictionary(candidates.map { (ByteKey($0.idText), $0) }) { first, _ in first }
    return rows.compactMap { row in
      guard let candidate = byID[ByteKey(row.clip)], candidate.file.refusal == nil else {
        leftOut.append("\(row.clip): \(byID[ByteKey(row.clip)]?.file.refusal ?? "no such file")")
        return nil
      }
      // A file that belongs to the clip alone is used whole; from a longer file only the clip's seconds are used.
      let media = candidate.file.media
      return Clip(
        id: row.clip, captions: row.captions, label: row.label,
        audio: candidate.ownsFile ? .file(media) : .excerpt(media, startMilliseconds: candidate.startMilliseconds))
    }
  }

  // MARK: Audio clips that cannot be read

  /// Leaves clips out; the reasons are given by id.
  mutating func leaveOut(_ reasons: [String: String]) {
    for clip in scored + training { if let reason = reasons[clip.id] { leftOut.append("\(clip.id): \(reason)") } }
    scored.removeAll { reasons[$0.id] != nil }
    training.removeAll { reasons[$0.id] != nil }
  }
}

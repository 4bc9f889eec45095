import Basics
import Corpus
import Media
import Shards
import Training

/// One sound to be embedded.
struct EmbeddingItem: Sendable {
  enum Source: Sendable {
    /// The whole sound of a file.
    case file(SourceFile)
    /// Ten seconds of a file, as a manifest has it.
    case excerpt(SourceFile, startSeconds: Int)
    /// A sample of a training shard, by its number in the split.
    case sample(Int)
  }

  var key: String
  /// What people call it.
  var name: String
  var source: Source
  /// Changes when the sound does: for the journal.
  var identity: String

  /// - Parameter clips: where samples of shards lie.
  func audio(in clips: ShardClips?) -> AudioLoader.Source {
    switch source {
    case .file(let file): .file(file.path)
    case .excerpt(let file, let start): .excerpt(file.path, startSeconds: start)
    case .sample(let index):
      .stored {
        guard let clips else { throw Failure("embed.shards", "no shards") }
        return try [Float](unsafeUninitializedCapacity: clips.samples) { buffer, filled in
          guard let place = buffer.baseAddress else { return }
          place.update(repeating: 0, count: clips.samples)
          try clips.waveform(index, into: place)
          filled = clips.samples
        }
      }
    }
  }
}

/// What there is to embed, in byte order of the keys, and what is left out before anything is heard.
struct EmbeddingItems: Sendable {
  private(set) var items: [EmbeddingItem] = []
  private(set) var leftOut: [LeftOutSound] = []
  private(set) var warnings: [String] = []
  /// Where samples come from.
  private(set) var clips: ShardClips?

  init(_ settings: EmbeddingSettings) throws {
    if settings.inputs.count == 1, let set = try? TrainingSet(folder: settings.inputs[0]) {
      try addSamples(set, settings)
    } else {
      try addFiles(settings)
    }
    items.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
  }

  private mutating func addSamples(_ set: TrainingSet, _ settings: EmbeddingSettings) throws {
    guard let split = settings.split ?? [.test, .validation].first(where: { set.splits.contains($0) }) else {
      throw Failure.embedSplit(set.folder, has: set.splits)
    }
    let samples = try set.samples(split)
    clips = try ShardClips(samples)
    for index in 0..<samples.count {
      let id = samples.id(index).text
      let digest = Digest(of: try samples.bytes(index, .sound))
      items.append(EmbeddingItem(key: id, name: id, source: .sample(index), identity: digest.hex))
    }
  }

  private mutating func addFiles(_ settings: EmbeddingSettings) throws {
    guard settings.split == nil else { throw Failure.embedSplitOfFiles(settings.inputs) }
    let found = try SourceFiles(settings.inputs, followsLinks: settings.followsLinks)
    warnings += (found.ignored.sentence.map { [$0] } ?? []) + found.ignored.notes
    var clips = ClipList(files: found.files, manifest: try settings.manifest.map { try Manifest(path: $0) })
    guard !clips.candidates.isEmpty else { throw Failure.nothingListed(settings.manifest ?? "", settings.inputs) }
    if !clips.absent.isEmpty { warnings.append("\(clips.absent.count) rows of the manifest have no file") }
    if !clips.unlisted.isEmpty { warnings.append("\(clips.unlisted.count) files are not in the manifest") }
    if settings.keys == .path { clips.nameByPath() }
    // Sorted by id: only those that stand twice are read for it.
    let ids = clips.candidates.map(\.idText)
    clips.settleCollisions(
      ids.indices.map { i in
        let stands = (i > 0 && ids[i - 1] == ids[i]) || (i + 1 < ids.count && ids[i + 1] == ids[i])
        return stands ? try? Digest.ofFile(clips.candidates[i].file.path) : nil
      })
    let policy = try VerdictPolicy()
    for candidate in clips.candidates {
      if let finding = policy.decisive(candidate.findings) {
        leftOut.append(LeftOutSound(name: candidate.file.name, finding: finding))
        continue
      }
      let identity = (try? Files.identity(candidate.file.path)).map {
        "\($0.device) \($0.inode) \($0.size) \($0.modified)"
      }
      let source: EmbeddingItem.Source =
        settings.manifest == nil
        ? .file(candidate.file) : .excerpt(candidate.file, startSeconds: candidate.startSeconds)
      items.append(
        EmbeddingItem(
          key: candidate.idText, name: candidate.file.name, source: source,
          identity: "\(identity ?? "unknown") \(settings.manifest == nil ? "" : "\(candidate.startSeconds)")"))
    }
  }
}

/// A sound that has no vector, and why.
package struct LeftOutSound: Sendable {
  package var name: String
  package var finding: Finding
}

extension ClipList {
  /// Calls clips by their folders too: `dog/1.wav` is `dog/1`.
  mutating func nameByPath() {
    for i in candidates.indices {
      let name = candidates[i].file.name
      let folder = Files.parent(name)
      candidates[i].idText = folder == "." ? candidates[i].idText : "\(folder)/\(candidates[i].idText)"
    }
    candidates.sort { a, b in
      a.idText == b.idText
        ? a.file.name.utf8.lexicographicallyPrecedes(b.file.name.utf8)
        : a.idText.utf8.lexicographicallyPrecedes(b.idText.utf8)
    }
  }
}

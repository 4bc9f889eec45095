import Basics
import Corpus
import Media
import Shards
import Training

/// One audio clip to be embedded.
struct EmbeddingItem: Sendable {
  enum Source: Sendable {
    /// The whole audio of a file.
    case file(SourceFile)
    /// A clip of a file, as listed in a manifest. A clip that owns its file may be shorter than others.
    case excerpt(SourceFile, startMilliseconds: Int, ownsFile: Bool)
    /// A sample of a training shard, by its index in the split.
    case sample(Int)
  }

  var key: String
  /// The name shown to people.
  var name: String
  var source: Source
  /// Changes when the audio does; used by the journal.
  var identity: String

  /// - Parameter clips: the shards that hold the samples.
  func audio(in clips: ShardClips?) -> AudioLoader.Source {
    switch source {
    case .file(let file): .file(file.media)
    case .excerpt(let file, let start, let ownsFile):
      .excerpt(file.media, startMilliseconds: start, shortAsWhole: ownsFile)
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

/// The items to embed, in byte order of the keys, and those that are left out before anything is decoded.
struct EmbeddingItems: Sendable {
  private(set) var items: [EmbeddingItem] = []
  private(set) var leftOut: [LeftOutAudio] = []
  private(set) var warnings: [String] = []
  /// The shards that samples come from.
  private(set) var clips: ShardClips?

  init(_ settings: EmbeddingSettings) throws {
    if settings.inputs.count == 1, let set = try? TrainingSet(directory: settings.inputs[0]) {
      try addSamples(set, settings)
    } else {
      try addFiles(settings)
    }
    if let part = settings.part {
      items.removeAll { !part.owns($0.name) }
      leftOut.removeAll { !part.owns($0.name) }
    }
    items.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
  }

  private mutating func addSamples(_ set: TrainingSet, _ settings: EmbeddingSettings) throws {
    guard let split = settings.split ?? [.test, .validation].first(where: { set.splits.contains($0) }) else {
      throw Failure.embedSplit(set.directory, has: set.splits)
    }
    let samples = try set.samples(split)
    clips = try ShardClips(samples)
    for index in 0..<samples.count {
      let id = samples.id(index).text
      let digest = Digest(of: try samples.bytes(index, .audio))
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
    if let sentence = clips.nameApart(byPath: settings.keys == .path) { warnings.append(sentence) }
    let policy = try VerdictPolicy()
    for candidate in clips.candidates {
      if let finding = policy.decisive(candidate.findings) {
        leftOut.append(LeftOutAudio(name: candidate.file.name, finding: finding))
        continue
      }
      let identity = (try? Files.identity(candidate.file.path)).map {
        "\($0.device) \($0.inode) \($0.size) \($0.modified)" + (candidate.file.bytes.map { " \($0)" } ?? "")
      }
      let (start, ownsFile) = (candidate.startMilliseconds, candidate.ownsFile)
      let isWhole = settings.manifest == nil
      let source: EmbeddingItem.Source =
        isWhole ? .file(candidate.file) : .excerpt(candidate.file, startMilliseconds: start, ownsFile: ownsFile)
      let part = isWhole ? "" : "\(start)\(ownsFile ? " own" : "")"
      items.append(
        EmbeddingItem(
          key: candidate.idText, name: candidate.file.name, source: source,
          identity: "\(identity ?? "unknown") \(part)"))
    }
  }
}

/// An audio clip that has no embedding, and why.
package struct LeftOutAudio: Sendable {
  package var name: String
  package var finding: Finding
}

extension ClipList {
  /// Gives every clip a unique id: from its file's name; if several clips share it, with the directories (`dog/1.wav`
  /// becomes `dog/1`); and if that is not enough, with the file's extension.
  /// - Parameter byPath: whether all ids include the directories.
  /// - Returns: a note about clips that share a name; nil when there are none.
  mutating func nameApart(byPath: Bool) -> String? {
    if byPath { for i in candidates.indices { candidates[i].idText = candidates[i].pathText } }
    let shared = shared
    for i in shared { candidates[i].idText = candidates[i].pathText }
    for i in self.shared { candidates[i].idText = candidates[i].file.name }
    let example = shared.first.map { candidates[$0].idText }
    candidates.sort { a, b in
      a.idText == b.idText ? precedesInBytes(a.file.name, b.file.name) : precedesInBytes(a.idText, b.idText)
    }
    return example.map {
      "\(shared.count) files share their names with others: their keys are longer, such as \($0)"
    }
  }

  /// Indices of clips whose id another clip has too.
  private var shared: [Int] {
    let counts = Dictionary(candidates.map { ($0.idText, 1) }, uniquingKeysWith: +)
    return candidates.indices.filter { counts[candidates[$0].idText, default: 0] > 1 }
  }
}

extension ClipCandidate {
  fileprivate var pathText: String {
    let directory = Files.parent(file.name)
    return directory == "." ? idText : "\(directory)/\(idText)"
  }
}

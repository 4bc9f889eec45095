import Basics
import Corpus
import Shards
import StageGraph

/// What a directory of shards was made from, kept in the catalog. It prevents shards from being replaced by accident
/// with shards of other clips.
struct ShardSetRecord: Codable, Equatable {
  /// Digest of what determines the list of clips: directories, manifest, cuts, shares, limit.
  var origin: String
  /// Digest of the clips' ids and of the splits that a manifest gives them.
  var clips: String
  /// Which clips are for training, validation and test: one line for people.
  var splits = ""
  /// SHA-256 of the table beside the shards, which `verify` compares with the file; nil in records of older versions.
  var table: String?

  init(_ preparation: Preparation) {
    let settings = preparation.settings
    let paths = settings.videos.map { Files.resolved($0) ?? $0 }
    origin =
      Digest(
        of: (paths + [
          preparation.manifestDigest?.hex ?? "", "\(settings.clipSeconds)", settings.cut.rawValue,
          settings.splitShares?.identity ?? "",
          settings.limit.map { "\($0)" } ?? "", "\(settings.followsLinks)",
        ]).joined(separator: "\0")
      ).hex
    let hasher = DigestBuilder()
    for candidate in preparation.clips.candidates {
      hasher.update(field: candidate.idText)
      hasher.update(field: candidate.split?.rawValue ?? "")
    }
    clips = hasher.finish().hex
  }

  static func read(_ catalog: Catalog?, _ directory: String) throws -> ShardSetRecord? {
    guard let text = try catalog?.shardSet(for: key(directory)) else { return nil }
    return try? CanonicalJSON.decode(ShardSetRecord.self, from: Array(text.utf8), source: directory)
  }

  func keep(_ catalog: Catalog, _ directory: String) throws {
    try catalog.set(shardSet: try CanonicalJSON.text(self), for: Self.key(directory))
  }

  private static func key(_ directory: String) -> String { Files.resolved(directory) ?? directory }
}

/// Whether writing shards would drop clips of the set that is in the directory now.
///
/// Every clip of the old set must be in the new list of clips, whatever its verdict. If the list is made from the same
/// sources and settings as before, up to a twentieth of the clips may be missing; otherwise none may.
struct ShardReplacement {
  private static let share = 0.05

  /// Why the set must not be replaced without `--replace`; nil when it may be.
  let failure: Failure?

  /// Reads only indexes, and only when the list of clips has changed.
  init(_ preparation: Preparation, _ new: ShardSetRecord, _ catalog: Catalog?) throws {
    let directory = preparation.settings.shards
    let old = try ShardSetRecord.read(catalog, directory)
    guard old?.clips != new.clips || old?.origin != new.origin,
      let set = try? TrainingSet(directory: directory)
    else {
      failure = nil
      return
    }
    let placed = try set.ids()
    let count = placed.reduce(0) { $0 + $1.value.count }
    var splits: [ClipID: Split] = [:]
    splits.reserveCapacity(preparation.clips.candidates.count)
    for candidate in preparation.clips.candidates {
      if let id = candidate.id { splits[id] = preparation.split(candidate, id) }
    }
    var (gone, moved) = ([ClipID](), [ClipID]())
    for (split, ids) in placed.sorted(by: { $0.key < $1.key }) {
      for id in ids {
        guard let now = splits[id] else {
          gone.append(id)
          continue
        }
        // Validation clips may be in train because there were too few of them; moving back to validation is allowed.
        if now != split, !(now == .validation && placed[.validation] == nil) { moved.append(id) }
      }
    }
    let isSameList = old?.origin == new.origin
    let mayGo = isSameList ? Int(Self.share * Double(count)) : 0
    if gone.count > mayGo {
      failure = .shardsOfOthers(directory, gone.count, of: count, example: gone[0], filesAreGone: isSameList)
    } else if !moved.isEmpty {
      failure = .shardsOfOtherSplits(directory, moved.count, of: count, example: moved[0])
    } else {
      failure = nil
    }
  }
}

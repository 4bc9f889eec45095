import Basics
import Corpus
import Shards
import StageGraph
import Training

/// The data that a run is trained on: what the run's name depends on, and what is reported about it.
package struct TrainingData: Sendable, Equatable {
  /// Digest of the names and bytes of all shards but those of test.
  package var digest: Digest
  /// Number of clips by split, without test.
  package var clips: [String: Int]
  /// The teacher named in the first clip's record.
  package var teacher: String?
  package var teacherWidth: Int

  package init(digest: Digest, clips: [String: Int], teacher: String?, teacherWidth: Int) {
    (self.digest, self.clips, self.teacher, self.teacherWidth) = (digest, clips, teacher, teacherWidth)
  }

  /// - Parameters:
  ///   - train, validation: the clips of the set, opened.
  ///   - cache: saves reading shards that were read before.
  package init(
    _ set: TrainingSet, train: ShardClips, validation: ShardClips?, cache: FileDigestCache?
  ) throws {
    var clips = ["train": train.ids.count]
    if let validation { clips["validation"] = validation.ids.count }
    self.init(
      digest: try Self.digest(set, cache), clips: clips, teacher: Self.teacher(set), teacherWidth: train.width)
  }

  /// The training data in a directory of shards.
  package init(directory: String, cache: FileDigestCache?) throws {
    let set = try TrainingSet(directory: directory)
    let validation = set.splits.contains(.validation) ? try ShardClips(set.samples(.validation)) : nil
    try self.init(set, train: ShardClips(set.samples(.train)), validation: validation, cache: cache)
  }

  /// Only the digest.
  package static func digest(_ set: TrainingSet, _ cache: FileDigestCache?) throws -> Digest {
    let names = set.splits.filter { $0 != .test }.flatMap { set.shards[$0] ?? [] }
    let paths = names.map { "\(set.directory)/\($0)" }
    let known = try cache?.digests(of: paths, jobs: 2)
    let hasher = DigestBuilder()
    for (k, name) in names.enumerated() {
      hasher.update(field: name)
      hasher.update(field: try (known?[k].get() ?? Digest.ofFile(paths[k])).hex)
    }
    return hasher.finish()
  }

  private static func teacher(_ set: TrainingSet) -> String? {
    struct Record: Decodable {
      struct Embeddings: Decodable { var model: String? }
      enum CodingKeys: String, CodingKey { case embeddings = "vectors" }
      var embeddings: Embeddings?
    }
    guard let samples = try? set.samples(.train), samples.count > 0, let bytes = try? samples.bytes(0, .record) else {
      return nil
    }
    return (try? CanonicalJSON.decode(Record.self, from: Array(bytes), source: "record"))?.embeddings?.model
  }

  /// How these data differ from those that a run was trained on, in words; empty when they are the same.
  package func changes(since run: RunDescription) -> [String] {
    guard digest != run.data else { return [] }
    var changes: [String] = []
    for split in Set(clips.keys).union(run.clips.keys).sorted() {
      let (before, now) = (run.clips[split] ?? 0, clips[split] ?? 0)
      guard before != now else { continue }
      let count = abs(now - before)
      let what = "\(counted(count, "\(split) clip")) \(now > before ? "more" : "fewer")"
      changes.append("\(what) (\(before) then, \(now) now)")
    }
    if teacher != run.teacher {
      changes.append("another teacher (\(run.teacher ?? "not stated") then, \(teacher ?? "not stated") now)")
    }
    let width = run.teacherWidth ?? RunDescription.usualTeacherWidth
    if teacherWidth != width {
      changes.append("teacher rows of another width (\(width) then, \(teacherWidth) now)")
    }
    return changes.isEmpty ? ["as many clips of the same teacher, with other content"] : changes
  }
}

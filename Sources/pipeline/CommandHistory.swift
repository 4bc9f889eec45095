import Basics
import Prepare
import RemoteCache
import Runs
import Shards
import StageGraph
import Synchronization

/// A command whose words the report shows, so that its work can be done again.
protocol KeptCommand {
  /// Whether it writes training shards.
  static var makesShards: Bool { get }
}

extension KeptCommand {
  static var makesShards: Bool { false }
}

extension PrepareCommand: KeptCommand {
  static let makesShards = true
}
extension DistillCommand: KeptCommand {}
extension ExportCommand: KeptCommand {}
extension RunCommand: KeptCommand {
  static let makesShards = true
}
extension ClassifyCommand: KeptCommand {}
extension RetrieveCommand: KeptCommand {}
extension ZeroShotCommand: KeptCommand {}
extension CaptionEvaluationCommand: KeptCommand {}

/// Notes commands that ended well in the workspace that they name, with the run and the data that they were about.
enum CommandHistory {
  private struct Subject {
    var run: String?
    var data: Digest?
  }

  private static let subject = Mutex(Subject())

  /// The command is about this run.
  /// - Parameter data: of the shards that it trains on, where they were read.
  static func note(run: String?, data: Digest? = nil) {
    guard let run else { return }
    subject.withLock { $0 = Subject(run: run, data: data ?? ($0.run == run ? $0.data : nil)) }
  }

  static func keep(_ words: [String], makesShards: Bool) {
    // What one part does is done again by whoever does the whole.
    guard !words.contains("--dry-run"), !words.contains(where: { $0 == "--part" || $0.hasPrefix("--part=") }) else {
      return
    }
    var workspace = ".pipeline"
    for (index, word) in words.enumerated() {
      if word == "--workspace", index + 1 < words.count { workspace = words[index + 1] }
      if word.hasPrefix("--workspace=") { workspace = String(word.dropFirst(12)) }
    }
    let subject = subject.withLock { $0 }
    let data = subject.data ?? (makesShards ? dataDigest(workspace) : nil)
    CommandLog.append(kept(words), run: subject.run, data: data, workspace: workspace)
  }

  /// Of the shards that were written last. Their digests are kept, so that no later command reads them for that.
  private static func dataDigest(_ workspace: String) -> Digest? {
    guard let catalog = try? Catalog.readerIfThere(workspace),
      let directory = try? PreparedWorkspace(catalog).shards(), let set = try? TrainingSet(directory: directory),
      let cache = try? FileDigestCache(catalog, below: directory), let digest = try? TrainingData.digest(set, cache)
    else { return nil }
    // Where another command writes to the workspace by now, they are read once more.
    if cache.hashed > 0 { try? cache.found.save(into: Catalog.writer(workspace)) }
    return digest
  }

  /// The words without the credentials that an address of a remote cache may hold.
  private static func kept(_ words: [String]) -> [String] {
    let flag = "--remote-cache"
    return words.indices.map { index in
      if index > 0, words[index - 1] == flag { return CacheServer.redacted(words[index]) }
      let word = words[index]
      return word.hasPrefix("\(flag)=")
        ? "\(flag)=\(CacheServer.redacted(String(word.dropFirst(flag.count + 1))))" : word
    }
  }
}

import Basics
import Prepare
import RemoteCache
import Runs
import Shards
import StageGraph
import Synchronization

/// A command that the report lists, so that its work can be reproduced.
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

/// Logs successful commands in the workspace that they name, with the run and the data that they worked on.
enum CommandHistory {
  private struct Subject {
    var run: String?
    var data: Digest?
  }

  private static let subject = Mutex(Subject())

  /// Notes that the command is about this run.
  /// - Parameter data: digest of the shards that it trains on, if they were read.
  static func note(run: String?, data: Digest? = nil) {
    guard let run else { return }
    subject.withLock { $0 = Subject(run: run, data: data ?? ($0.run == run ? $0.data : nil)) }
  }

  static func keep(_ words: [String], makesShards: Bool) {
    // The work of a part is reproduced by the command for the whole.
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

  /// Digest of the shards that were written last. Their digests are stored, so that later commands need not read the
  /// shards again.
  private static func dataDigest(_ workspace: String) -> Digest? {
    guard let catalog = try? Catalog.readerIfThere(workspace),
      let directory = try? PreparedWorkspace(catalog).shards(), let set = try? TrainingSet(directory: directory),
      let cache = try? FileDigestCache(catalog, below: directory), let digest = try? TrainingData.digest(set, cache)
    else { return nil }
    // The digests are not stored while another command writes to the workspace; then the shards are read again later.
    if cache.hashed > 0 { try? cache.found.save(into: Catalog.writer(workspace)) }
    return digest
  }

  /// The words without credentials that the address of a remote cache may contain.
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

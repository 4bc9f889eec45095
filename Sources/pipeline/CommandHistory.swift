import RemoteCache
import Runs

/// A command whose words the report shows, so that its work can be done again.
protocol KeptCommand {}

extension PrepareCommand: KeptCommand {}
extension DistillCommand: KeptCommand {}
extension ExportCommand: KeptCommand {}
extension RunCommand: KeptCommand {}
extension ClassifyCommand: KeptCommand {}
extension RetrieveCommand: KeptCommand {}
extension ZeroShotCommand: KeptCommand {}

/// Notes commands that ended well in the workspace that they name.
enum CommandHistory {
  static func keep(_ words: [String]) {
    guard !words.contains("--dry-run") else { return }
    var workspace = ".pipeline"
    for (index, word) in words.enumerated() {
      if word == "--workspace", index + 1 < words.count { workspace = words[index + 1] }
      if word.hasPrefix("--workspace=") { workspace = String(word.dropFirst(12)) }
    }
    CommandLog.append(kept(words), workspace: workspace)
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

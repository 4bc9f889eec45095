import Basics
import Foundation
import Glibc

/// The commands that were run in a workspace, recorded for the report. The log is not part of the output that is the
/// same for every run.
package enum CommandLog {
  private struct Entry: Codable {
    var words: [String]
    /// The run that was trained, exported or scored; nil when there was none, and in logs of older versions.
    var run: String?
    /// Digest of the training data that were made or trained on; nil as for `run`.
    var data: Digest?
  }

  private static func path(_ workspace: String) -> String { "\(workspace)/commands.jsonl" }

  /// Records a command that succeeded; does nothing when there is no workspace.
  package static func append(_ words: [String], run: String? = nil, data: Digest? = nil, workspace: String) {
    let entry = Entry(words: words, run: run, data: data)
    guard Files.isDirectory(workspace), let line = try? CanonicalJSON.bytes(entry) else { return }
    // One write at the end of the file, so that commands that end at the same time do not mix.
    let descriptor = open(path(workspace), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    let bytes = line + [0x0A]
    bytes.withUnsafeBytes { _ = write(descriptor, $0.baseAddress, $0.count) }
  }

  /// The last command of each kind, as one would type it. Commands about other runs, and commands that made other data
  /// than the run's, are skipped.
  /// - Parameters:
  ///   - run: nil when no run was chosen; then all commands count.
  ///   - shardsAreTheRuns: whether the present data are what the run was trained on; then a logged command without a
  ///     data digest counts as having made them.
  package static func last(
    _ workspace: String, of run: RunDescription?, shardsAreTheRuns: Bool
  ) -> [String: [String]] {
    guard let bytes = try? Files.read(path(workspace), limit: 1 << 26) else { return [:] }
    var found: [String: [String]] = [:]
    for line in bytes.split(separator: 0x0A) {
      guard let entry = try? CanonicalJSON.decode(Entry.self, from: Array(line), source: "commands") else { continue }
      let kind =
        entry.words.first == "evaluate" ? entry.words.prefix(2).joined(separator: " ") : entry.words.first ?? ""
      if let run {
        if ["prepare", "run"].contains(kind) {
          guard entry.data.map({ $0 == run.data }) ?? shardsAreTheRuns else { continue }
        } else if let named = entry.run ?? namedRun(entry.words), !run.name.hasPrefix(named) {
          continue
        }
      }
      found[kind] = [ShellCommand.text(["pipeline"] + entry.words)]
    }
    return found
  }

  /// The value of `--run`; nil for a command without it.
  private static func namedRun(_ words: [String]) -> String? {
    let flag = "--run"
    if let place = words.firstIndex(of: flag), place + 1 < words.count { return words[place + 1] }
    return words.first { $0.hasPrefix("\(flag)=") }.map { String($0.dropFirst(flag.count + 1)) }
  }
}

import Basics
import Foundation
import Training

/// The runs in a directory, the one trained last first.
///
/// The run directories hold all information and no workspace is read: a copied directory works like the original, and a
/// deleted directory removes its run.
package struct RunList: Sendable {
  package struct Run: Sendable {
    /// The name of the directory: the run's identity, unless the directory was renamed.
    package let name: String
    package let directory: String
    package let description: RunDescription
    /// The name given by a user; nil for none.
    package let givenName: String?
    /// When the run was trained last, in seconds since 1970.
    package let trained: Double

    /// For people: `baseline (0123456789ab)`, or only the name.
    package var title: String { givenName.map { "\($0) (\(name))" } ?? name }

    /// The total size of the files in its directory.
    package var bytes: Int {
      guard let walk = FileManager.default.enumerator(atPath: directory) else { return 0 }
      var bytes = 0
      while let name = walk.nextObject() as? String {
        if let file = try? Files.identityOfLink("\(directory)/\(name)"), file.kind == .file { bytes += file.size }
      }
      return bytes
    }

    package var checkpoints: CheckpointDirectory { CheckpointDirectory(existing: "\(directory)/checkpoints") }
  }

  package let directory: String
  package private(set) var runs: [Run] = []
  /// Directories whose `run.json` cannot be read, and why.
  package private(set) var unreadable: [(name: String, failure: Failure)] = []

  /// A directory that does not exist has no runs.
  package init(_ directory: String) {
    self.directory = directory
    for name in Self.names(in: directory) {
      let place = "\(directory)/\(name)"
      do {
        let description = try RunDescription(directory: place)
        runs.append(
          Run(
            name: name, directory: place, description: description, givenName: RunName.read(place),
            trained: TrainedTime.read(place)))
      } catch let failure as Failure {
        unreadable.append((name, failure))
      } catch {
        unreadable.append((name, Failure.damagedRun(place, "\(error)")))
      }
    }
    runs.sort { ($1.trained, $0.name) < ($0.trained, $1.name) }
  }

  /// The names of the directories with a run, readable or not. Reads no run.
  static func names(in directory: String) -> [String] {
    ((try? Files.names(in: directory)) ?? []).filter {
      !$0.hasPrefix(removedPrefix) && Files.exists("\(directory)/\($0)/run.json")
    }
  }

  /// Whether there is no run, readable or not.
  package var isEmpty: Bool { runs.isEmpty && unreadable.isEmpty }

  /// The prefix of directories that are being removed.
  static let removedPrefix = ".removed-"
  /// The fewest characters that may abbreviate an identity; a given name may be abbreviated to any length.
  private static let fewestCharacters = 4

  /// - Parameter text: an identity, a given name, or a unique prefix of either.
  /// - Throws: `run.unknown`, `run.ambiguous`; the failure of a run that cannot be read.
  package func named(_ text: String) throws -> Run {
    if let run = runs.first(where: { $0.name == text }) { return run }
    if let failure = unreadable.first(where: { $0.name == text })?.failure { throw failure }
    let given = runs.filter { $0.givenName == text }
    let matches = given.isEmpty ? runs.filter { Self.begins($0, with: text) } : given
    guard matches.count < 2 else { throw Failure.ambiguousRun(text, matches.map(\.title)) }
    guard let run = matches.first else {
      throw Failure.unknownRun(text, known: runs.compactMap(\.givenName) + runs.map(\.name))
    }
    return run
  }

  /// Why a text that may be the beginning of an identity names no run; nil when it is long enough.
  static func hint(tooShort text: String) -> String? {
    text.count < fewestCharacters ? "an identity is shortened to \(fewestCharacters) characters or more" : nil
  }

  private static func begins(_ run: Run, with text: String) -> Bool {
    guard !text.isEmpty else { return false }
    return text.count >= fewestCharacters && run.name.hasPrefix(text) || run.givenName?.hasPrefix(text) ?? false
  }

  /// - Parameter name: nil takes the run trained last.
  /// - Throws: the errors of `named`; `run.none`.
  package func chosen(_ name: String?) throws -> Run {
    if let name { return try named(name) }
    guard let newest = runs.first else { throw unreadable.first?.failure ?? Failure.noRun(directory) }
    return newest
  }
}

/// When a run was trained last: a record in its directory, which copying keeps, unlike file times.
package enum TrainedTime {
  private static func path(_ directory: String) -> String { "\(directory)/last-trained" }

  /// `2026-11-28 14:05`, in local time.
  package static func text(_ seconds: Double) -> String {
    guard seconds.isFinite, abs(seconds) < 1e11 else { return "-" }
    var (time, parts) = (time_t(seconds), tm())
    guard localtime_r(&time, &parts) != nil else { return "-" }
    return String(
      format: "%04d-%02d-%02d %02d:%02d", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
      parts.tm_min)
  }

  /// Records that the run is being trained now.
  package static func write(_ directory: String) throws {
    try Files.write("\(Date().timeIntervalSince1970)\n", to: path(directory))
  }

  /// In seconds since 1970. Runs of older versions have no such record; the times of their log or files are used.
  static func read(_ directory: String) -> Double {
    if let bytes = try? Files.read(path(directory), limit: 64),
      let time = Double(String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)),
      time.isFinite
    {
      return time
    }
    if let time = MetricsLog.lines("\(directory)/metrics.jsonl").last(where: { $0.time != nil })?.time { return time }
    return (try? Files.identity("\(directory)/run.json")).map { Double($0.modified) / 1e9 } ?? 0
  }
}

import Basics
import Foundation
import Training

/// The runs of a directory, the one trained last first.
///
/// Their directories say all that there is to know: no workspace is asked, a copy of the directory is as good as the
/// directory, and a directory that is gone is a run that is gone.
package struct RunList: Sendable {
  package struct Run: Sendable {
    /// Of the directory: that of the run, unless somebody renamed it.
    package let name: String
    package let directory: String
    package let description: RunDescription
    /// That a person gave to it; nil: none.
    package let givenName: String?
    /// When it was trained last, in seconds since 1970.
    package let trained: Double

    /// For people: `baseline (0123456789ab)`, or the name alone.
    package var title: String { givenName.map { "\($0) (\(name))" } ?? name }

    package var checkpoints: CheckpointDirectory { CheckpointDirectory(existing: "\(directory)/checkpoints") }
  }

  package let directory: String
  package private(set) var runs: [Run] = []
  /// Directories whose `run.json` cannot be read, with the reason.
  package private(set) var unreadable: [(name: String, failure: Failure)] = []

  /// A directory that is not there has no runs.
  package init(_ directory: String) {
    self.directory = directory
    for name in (try? Files.names(in: directory)) ?? [] where !name.hasPrefix(Self.removedPrefix) {
      let place = "\(directory)/\(name)"
      guard Files.exists("\(place)/run.json") else { continue }
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

  /// What is on its way out.
  static let removedPrefix = ".removed-"
  /// Characters that are enough to name a run by the beginning of its identity; of a given name any number is.
  private static let fewestCharacters = 4

  /// - Parameter text: an identity, a given name, or so much of the beginning of either that no other run has it.
  /// - Throws: `run.unknown`, `run.ambiguous`; what is wrong with a run that cannot be read.
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

  private static func begins(_ run: Run, with text: String) -> Bool {
    guard !text.isEmpty else { return false }
    return text.count >= fewestCharacters && run.name.hasPrefix(text) || run.givenName?.hasPrefix(text) ?? false
  }

  /// - Parameter name: nil takes the run trained last.
  /// - Throws: what `named` throws; `run.none`.
  package func chosen(_ name: String?) throws -> Run {
    if let name { return try named(name) }
    guard let newest = runs.first else { throw unreadable.first?.failure ?? Failure.noRun(directory) }
    return newest
  }
}

/// When a run was trained last: a record in its directory, which copying does not change as it does the files' own
/// times.
package enum TrainedTime {
  private static func path(_ directory: String) -> String { "\(directory)/last-trained" }

  /// `2026-11-28 14:05`, by this machine's clock.
  package static func text(_ seconds: Double) -> String {
    guard seconds.isFinite, abs(seconds) < 1e11 else { return "-" }
    var (time, parts) = (time_t(seconds), tm())
    guard localtime_r(&time, &parts) != nil else { return "-" }
    return String(
      format: "%04d-%02d-%02d %02d:%02d", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
      parts.tm_min)
  }

  /// Notes that the run is being trained now.
  package static func write(_ directory: String) throws {
    try Files.write("\(Date().timeIntervalSince1970)\n", to: path(directory))
  }

  /// In seconds since 1970. Runs of older versions have no such record: their log has times, and their files.
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

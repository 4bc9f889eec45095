import Basics
import Prepare

/// Prints what a remote cache has of some clips, for people or as JSON.
struct RemoteStatusReport {
  let settings: PrepareSettings
  /// The number of parts for which clips with missing results are counted; nil for none.
  let parts: Int?

  init(_ settings: PrepareSettings, parts: Int?) { (self.settings, self.parts) = (settings, parts) }

  func show() throws {
    let status = try RemoteStatus(settings)
    for failure in status.failures { Console.warn(failure) }
    let name = settings.remoteCache?.name ?? ""
    let absent = status.missing.count + status.unread.count
    Console.event(
      "remote-status",
      [
        "cache": name, "there": status.there, "missing": status.missing.count, "unread": status.unread.count,
        "unknown": status.unknown, "missingResults": status.missingResults,
      ])
    var line = "\(name): \(status.there) clips are there, \(absent) are missing"
    if !status.unread.isEmpty { line += ", of \(status.unread.count) nobody has read the file yet" }
    if status.unknown > 0 { line += "; \(status.unknown) could not be asked for" }
    Console.say(line)
    for (stage, count) in status.missingResults.sorted(by: { $0.key < $1.key }) {
      Console.say("  \(stage): \(count) results are missing")
    }
    guard let parts else { return }
    for (part, count) in status.missing(byPartOf: parts).sorted(by: { $0.key < $1.key }) {
      Console.say("  part \(part)/\(parts): \(count) clips are missing")
      Console.event("part-missing", ["part": part, "of": parts, "clips": count])
    }
  }
}

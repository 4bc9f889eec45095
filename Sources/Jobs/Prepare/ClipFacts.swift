import Basics
import Corpus
import Media
import StageGraph

/// What is known of a clip once its sound and, if wanted, its frames were extracted.
struct ClipFacts: Sendable {
  var sound: DecodeReply
  var frames: DecodeReply?
  /// How long the clip should be.
  private let seconds: Double

  init(sound: [UInt8], frames: [UInt8]?, clip: PreparedClip) throws {
    let id = clip.id.text
    self.sound = try CanonicalJSON.decode(DecodeReply.self, from: sound, source: "summary of extract-audio, \(id)")
    self.frames = try frames.map {
      try CanonicalJSON.decode(DecodeReply.self, from: $0, source: "summary of extract-frames, \(id)")
    }
    seconds = Double(clip.seconds)
  }

  /// How much of the clip has both sound and picture, in seconds; what the sound alone covers where no frames were
  /// asked for.
  var duration: Double {
    let picture = frames?.frames?.coveredSeconds
    return min(sound.sound?.coveredSeconds ?? 0, picture ?? .infinity, seconds)
  }

  /// The whole file's length, as far as it is known, from the start of the clip's clock.
  var fileDuration: Double? {
    guard let sound = sound.sound else { return nil }
    if duration < seconds - ClipLength.tolerance { return nil }
    return sound.fileSeconds
  }

  /// Seconds of the file behind the clip; 0 for those that need no mention.
  func unusedSeconds(startingAt start: Double) -> Double {
    let rest = (sound.sound?.fileSeconds ?? 0) - start - seconds
    return rest > ClipLength.tolerance ? rest : 0
  }

  /// Findings of the workers, and those that take both streams to see.
  var findings: [Finding] {
    var found = Set(sound.findings + (frames?.findings ?? []))
    guard let heard = sound.sound?.coveredSeconds else { return found.sorted() }
    if duration < seconds - ClipLength.tolerance {
      let seen = (frames?.frames?.coveredSeconds).map { ", picture to \(tenths($0)) s" } ?? ""
      found.insert(Finding(.clipShort, "sound to \(tenths(heard)) s\(seen) of \(Int(seconds)) s"))
    }
    if let seen = frames?.frames?.coveredSeconds, abs(min(seen, seconds) - min(heard, seconds)) > ClipLength.tolerance {
      found.insert(Finding(.audioVideoMismatch, "sound to \(tenths(heard)) s, picture to \(tenths(seen)) s"))
    }
    return found.sorted()
  }
}

import Basics
import Corpus
import Media
import StageGraph

/// What is known of a clip once its sound and, if wanted, its frames were extracted.
struct ClipFacts: Sendable {
  var sound: DecodeReply
  var frames: DecodeReply?

  init(sound: [UInt8], frames: [UInt8]?, clip: String) throws {
    self.sound = try CanonicalJSON.decode(DecodeReply.self, from: sound, source: "summary of extract-audio, \(clip)")
    self.frames = try frames.map {
      try CanonicalJSON.decode(DecodeReply.self, from: $0, source: "summary of extract-frames, \(clip)")
    }
  }

  /// Half a second may be missing, and is padded.
  static let tolerance = 0.5

  /// How much of the clip has both sound and picture, in seconds; what the sound alone covers where no frames were
  /// asked for.
  var duration: Double {
    let picture = frames?.frames?.coveredSeconds
    return min(sound.sound?.coveredSeconds ?? 0, picture ?? .infinity, Double(DecodeRequest.clipSeconds))
  }

  /// The whole file's length, as far as it is known, from the start of the clip's clock.
  var fileDuration: Double? {
    guard let sound = sound.sound else { return nil }
    if duration < Double(DecodeRequest.clipSeconds) - ClipFacts.tolerance { return nil }
    return sound.fileSeconds
  }

  /// Findings of the workers, and those that take both streams to see.
  var findings: [Finding] {
    var found = Set(sound.findings + (frames?.findings ?? []))
    guard let heard = sound.sound?.coveredSeconds else { return found.sorted() }
    let seconds = Double(DecodeRequest.clipSeconds)
    if duration < seconds - Self.tolerance {
      let seen = (frames?.frames?.coveredSeconds).map { ", picture to \(tenths($0)) s" } ?? ""
      found.insert(Finding(.clipShort, "sound to \(tenths(heard)) s\(seen) of \(DecodeRequest.clipSeconds) s"))
    }
    if let seen = frames?.frames?.coveredSeconds, abs(min(seen, seconds) - min(heard, seconds)) > Self.tolerance {
      found.insert(Finding(.audioVideoMismatch, "sound to \(tenths(heard)) s, picture to \(tenths(seen)) s"))
    }
    return found.sorted()
  }
}

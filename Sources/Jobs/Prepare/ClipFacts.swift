import Basics
import Corpus
import Media
import StageGraph

/// What is known about a clip once its audio and, if wanted, its frames have been extracted.
struct ClipFacts: Sendable {
  var audio: DecodeReply
  var frames: DecodeReply?
  /// The intended length of the clip.
  private let seconds: Double

  init(audio: [UInt8], frames: [UInt8]?, clip: PreparedClip) throws {
    let id = clip.id.text
    self.audio = try CanonicalJSON.decode(DecodeReply.self, from: audio, source: "summary of extract-audio, \(id)")
    self.frames = try frames.map {
      try CanonicalJSON.decode(DecodeReply.self, from: $0, source: "summary of extract-frames, \(id)")
    }
    seconds = Double(clip.seconds)
  }

  /// The length of the clip that has both audio and video, in seconds; only audio counts when no frames were asked for.
  var duration: Double {
    let image = frames?.frames?.coveredSeconds
    return min(audio.audio?.coveredSeconds ?? 0, image ?? .infinity, seconds)
  }

  /// The whole file's length from the start of the clip's clock, as far as it is known.
  var fileDuration: Double? {
    guard let audio = audio.audio else { return nil }
    if duration < seconds - ClipLength.tolerance { return nil }
    return audio.fileSeconds
  }

  /// Seconds of the file after the clip's end; 0 when they are too few to mention.
  func unusedSeconds(startingAt start: Double) -> Double {
    let rest = (audio.audio?.fileSeconds ?? 0) - start - seconds
    return rest > ClipLength.tolerance ? rest : 0
  }

  /// The workers' findings, and those that need both streams.
  var findings: [Finding] {
    var found = Set(audio.findings + (frames?.findings ?? []))
    guard let heard = audio.audio?.coveredSeconds else { return found.sorted() }
    if duration < seconds - ClipLength.tolerance {
      let seen = (frames?.frames?.coveredSeconds).map { ", video to \(tenths($0)) s" } ?? ""
      found.insert(Finding(.clipShort, "audio to \(tenths(heard)) s\(seen) of \(Int(seconds)) s"))
    }
    if let seen = frames?.frames?.coveredSeconds, abs(min(seen, seconds) - min(heard, seconds)) > ClipLength.tolerance {
      found.insert(Finding(.audioVideoMismatch, "audio to \(tenths(heard)) s, video to \(tenths(seen)) s"))
    }
    return found.sorted()
  }
}

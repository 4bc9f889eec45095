import Audio
import Basics
import CFFmpeg
import Corpus

// The messages of this module: failures stop a command; findings are about one clip.

extension Failure {
  static func framePack(_ problem: String, found: String, expected: String) -> Failure {
    Failure("frames.corrupt", "the packed frames are damaged: \(problem)", found: found, expected: expected)
  }

  package static func frameRate(_ text: String) -> Failure {
    Failure(
      "frames.rate", "not a frame rate", found: "\"\(text)\"",
      expected: "a number or a fraction from 1/60 to 240, such as 1, 0.5 or 30000/1001", exit: .usage)
  }

  static func imageUnreadable(_ path: String, _ reason: String) -> Failure {
    Failure(
      "picture.unreadable", "the image cannot be read", on: path, found: reason,
      expected: "a JPEG or PNG file of 8 bits a channel")
  }

  static func flac(_ reason: String) -> Failure {
    Failure("flac.encode", "libsndfile cannot write FLAC", found: reason)
  }

  static func workerDidNotStart(_ command: [String], _ reason: String) -> Failure {
    Failure(
      "worker.start", "a decode worker does not start", on: command.joined(separator: " "), found: reason)
  }

  package static func sandboxMissing(_ found: Confinement) -> Failure {
    Failure(
      "sandbox.missing", "this kernel cannot lock decoders in", found: "no \(found.missing.joined(separator: ", no "))",
      expected: "Landlock and seccomp filters: Linux 5.13 or later, in a container that allows both",
      hint: "--sandbox auto decodes with what there is")
  }

  static func sandboxThreads() -> Failure {
    Failure("sandbox.failed", "a worker cannot be locked in: it has threads already", found: "a library's threads")
  }

  static func sandboxFailed(_ what: String) -> Failure {
    Failure.system("lock in by \(what)", "decode worker")
  }

  static func workersAreStopped() -> Failure {
    Failure("worker.stopped", "the decode workers were stopped while there was work")
  }

  static func message(_ problem: String, found: String, expected: String) -> Failure {
    Failure("worker.message", "a message of the decode worker is damaged: \(problem)", found: found, expected: expected)
  }
}

/// Ends the decoding of a clip early, with a finding that gives the reason.
struct Refusal: Error {
  let finding: Finding
  init(_ finding: Finding) { self.finding = finding }
}

extension Finding {
  static func unreadable(_ reason: String) -> Finding { Finding(.mediaUnreadable, reason) }
  static func outOfMemory(_ doing: String) -> Finding { Finding(.mediaMemory, "out of memory while \(doing)") }
  static let noAudioStream = Finding(.audioMissing, "no audio stream")
  static func noAudioDecoder(_ codec: String) -> Finding { Finding(.audioMissing, "no decoder for \(codec)") }
  static func nothingHeard(_ reason: String) -> Finding { Finding(.audioMissing, reason) }
  static func silence(peak: Float) -> Finding {
    Finding(.audioSilent, SixteenBit.silence(peak))
  }
  static func substituted(_ silent: String, by other: String) -> Finding {
    Finding(.audioSubstituted, "\(silent) is silent, \(other) was taken")
  }
  static let noVideoStream = Finding(.videoMissing, "no video stream")
  static func noVideoDecoder(_ codec: String) -> Finding { Finding(.videoMissing, "no decoder for \(codec)") }
  static func nothingSeen(_ reason: String) -> Finding { Finding(.videoMissing, reason) }
  static func still(_ count: Int) -> Finding { Finding(.videoStill, "\(count) frames, all the same") }
  static func imageStops(_ end: Double, audio: Double) -> Finding {
    Finding(
      .audioVideoMismatch,
      "video to \(tenths(end)) s, audio to \(tenths(audio)) s; the last frame stays on the screen")
  }
  static func opposite(_ channels: Int) -> Finding {
    Finding(.audioOpposite, "\(channels) channels whose mean is under a thousandth of the loudest one's energy")
  }
  static func damaged(_ count: Int, of kind: String, last: String) -> Finding {
    let cause = last.isEmpty ? "" : "; last: \(last)"
    return Finding(.mediaErrors, "\(kind): \(count) damaged packet\(count == 1 ? " or frame" : "s or frames")\(cause)")
  }
  static func contradicted(_ count: Int) -> Finding {
    Finding(.mediaErrors, "audio: the times of \(count) frames contradict their samples; the samples were counted")
  }
  static func placedAnew(_ count: Int) -> Finding {
    Finding(.mediaErrors, "audio: \(count) holes or overlaps between frames")
  }
  static func timeout(_ seconds: Double) -> Finding {
    Finding(.mediaTimeout, "no answer within \(Int(seconds.rounded(.up))) s, twice")
  }
  static let escaped = Finding(
    .mediaEscaped, "the decoder tried what no decoder needs, such as opening another file; the kernel stopped it")
  static func formatLeftOut(_ format: String) -> Finding {
    Finding(.mediaFormat, "\(format) is not read with --codecs web")
  }
  static func codecLeftOut(_ codec: String) -> Finding {
    Finding(.mediaFormat, "\(codec) is not decoded with --codecs web")
  }
  static func crashed(_ evidence: String) -> Finding {
    Finding(.decoderCrashed, "the decoder ended with \(evidence), twice")
  }
}

/// Thrown if a seek landed after the clip's start: decode from the beginning of the file instead.
struct SeekFailed: Error {}

/// The reason why nothing was decoded, if packets were damaged.
func nothingDecoded(damaged: Int) -> String {
  let last = lastLibraryError()
  return "nothing decoded: \(damaged) damaged packets\(last.isEmpty ? "" : "; last: \(last)")"
}

/// The last error message of libav, for the report.
func lastLibraryError() -> String {
  var text = [CChar](repeating: 0, count: 256)
  _ = media_log_errors(&text, text.count)
  return string(text)
}

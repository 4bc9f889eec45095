import ArgumentParser
import Basics
import Media

extension SandboxMode: ExpressibleByArgument {}

extension CodecSet: ExpressibleByArgument {}

/// How untrusted files are decoded.
struct DecodingOptions: ParsableArguments {
  @Option(
    help: .value(
      "auto|required|off",
      """
      Lock the decoding processes in, so that a file that takes a decoder over reaches nothing: auto (as far as the kernel can), \
      required (fail where it cannot) or off.
      """))
  var sandbox = SandboxMode.auto
  @Option(
    help: .value(
      "all|web",
      """
      What is decoded: all, or web: MP4, Matroska, MPEG-TS, FLV, Ogg, WAV, FLAC, MP3 and AAC files with H.264, H.265, VP8, VP9, AV1 or \
      MPEG-4 video and AAC, MP3, Opus, Vorbis, FLAC, ALAC, AC-3 or PCM audio.
      """))
  var codecs = CodecSet.all

  /// - Throws: `sandbox.missing` when the options require more than this kernel supports; with `auto`, that is a
  ///   warning.
  func launch() throws -> WorkerLaunch {
    var launch = try DecodeWorkerCommand.command()
    (launch.sandbox, launch.codecs) = (sandbox, codecs)
    let offered = Confinement.offered
    if offered.missing.isEmpty || sandbox == .off { return launch }
    if sandbox == .required { throw Failure.sandboxMissing(offered) }
    Console.warn(
      "this kernel has no \(offered.missing.joined(separator: " and no ")): decoders are locked in less than they could be"
    )
    return launch
  }
}

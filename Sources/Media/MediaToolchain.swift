import Audio
import Basics
import CFFmpeg
import CSndFile

/// The libraries whose versions can change the bytes of audio and frames. They are part of the fingerprint of every
/// media stage.
package enum MediaToolchain {
  package static let identity: [String: String] = {
    var identity: [String: String] = [:]
    for library in ["avformat", "avcodec", "avutil", "swscale"] {
      var text = [CChar](repeating: 0, count: 32)
      media_library_version(library, &text, text.count)
      identity["lib\(library)"] = string(text)
    }
    // Point releases and builds of distributions share those version numbers.
    identity["FFmpeg"] = String(cString: media_release())
    identity["FFmpeg's configuration"] = Digest(of: String(cString: media_configuration())).short
    identity["libsndfile"] = String(cString: sf_version_string())
    identity["libFLAC"] = FlacEncoder.vendor() ?? "unknown"
    return identity
  }()

  /// The demuxers that this tool uses, by their short names: those in the libraries, and those missing.
  package static var formats: (there: [String], absent: [String]) {
    let names = CodecSet.all.formats.split(separator: ",").map(String.init)
    return (names.filter { media_has_demuxer($0) }, names.filter { !media_has_demuxer($0) })
  }

  /// The decoders of the most common codecs, in the same form.
  package static var decoders: (there: [String], absent: [String]) {
    let names = ["h264", "hevc", "vp8", "vp9", "mpeg4", "aac", "mp3", "opus", "vorbis", "pcm_s16le"]
    return (names.filter { media_has_decoder($0) }, names.filter { !media_has_decoder($0) })
  }

  /// A value for `DecodeRequest.forcedCPUFlags`: what a CPU with AVX2 and nothing newer would use.
  package static let cpuFlagsUpToAVX2 = media_cpu_flags_up_to_avx2()
}

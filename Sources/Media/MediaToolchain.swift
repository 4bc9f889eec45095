import CFFmpeg
import CSndFile

/// The libraries whose versions can change the bytes of sound and frames: part of the fingerprint of every media stage.
package enum MediaToolchain {
  package static let identity: [String: String] = {
    var identity: [String: String] = [:]
    for library in ["avformat", "avcodec", "avutil", "swscale"] {
      var text = [CChar](repeating: 0, count: 32)
      media_library_version(library, &text, text.count)
      identity["lib\(library)"] = string(text)
    }
    identity["libsndfile"] = String(cString: sf_version_string())
    identity["libFLAC"] = FlacEncoder.vendor() ?? "unknown"
    return identity
  }()

  /// A value for `DecodeRequest.forcedCPUFlags`: what a CPU with AVX2 and no more would use.
  package static let cpuFlagsUpToAVX2 = media_cpu_flags_up_to_avx2()
}

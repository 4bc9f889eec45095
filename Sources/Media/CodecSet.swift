import CFFmpeg

/// Which formats and codecs are decoded. Fewer are fewer ways for a file to reach a mistake in a decoder.
package enum CodecSet: String, Codable, Sendable, CaseIterable {
  /// All formats that hold audio and video in one file, and every codec that libavcodec has.
  case all
  /// Those that video sites give out.
  case web

  /// Demuxers, comma-separated. Left out of `all`: playlists and manifests, anything that names other files, devices,
  /// subtitles, single images, and raw data without a header that everything would match.
  var formats: String {
    switch self {
    case .all: Self.everyFormat.joined(separator: ",")
    case .web: "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,flv,ogg,wav,flac,mp3,aac"
    }
  }

  /// Decoders by libavcodec's names, comma-separated; nil: every one.
  var decoders: String? {
    switch self {
    case .all: nil
    case .web:
      """
      h264,hevc,vp8,vp9,libdav1d,libaom-av1,av1,mpeg4,\
      aac,aac_fixed,mp3,mp3float,opus,libopus,vorbis,flac,alac,ac3,eac3,\
      pcm_u8,pcm_s16le,pcm_s24le,pcm_s32le,pcm_f32le
      """
    }
  }

  /// Enters it where what was decoded with it is named by its parameters. All codecs go without saying: what was made
  /// before there was a choice is as good.
  package func note(in parameters: inout [String: String]) {
    if self != .all { parameters["codecs"] = rawValue }
  }

  /// How many formats and decoders it has that are in the libraries of this machine.
  package var counts: (formats: Int, decoders: Int) {
    let formats = formats.split(separator: ",").count { media_has_demuxer(String($0)) }
    guard let decoders else { return (formats, Int(media_decoder_count())) }
    return (formats, decoders.split(separator: ",").count { media_has_decoder(String($0)) })
  }

  static let everyFormat = [
    "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "mpegts", "mpeg", "mpegvideo", "flv", "live_flv", "asf", "ogg",
    "rm",
    "mxf", "gxf", "nut", "nsv", "wtv", "dv", "ivf", "swf", "h264", "hevc", "m4v", "obu", "vc1", "avs2", "dirac", "wav",
    "w64",
    "aiff", "au", "caf", "voc", "flac", "mp3", "aac", "ac3", "eac3", "dts", "dtshd", "truehd", "mlp", "amr", "amrnb",
    "amrwb",
    "ape", "wv", "tta", "tak", "mpc", "mpc8", "oma", "loas", "dsf", "iff", "qcp", "gif", "smjpeg", "yuv4mpegpipe",
    "film_cpk",
    "kux", "pva", "nuv", "4xm", "roq", "bink", "smk", "xwma", "spdif", "ircam", "nistsphere", "avr", "pvf", "sox",
    "rso",
  ]
}

import CFFmpeg

/// Which formats and codecs are decoded. A smaller set gives a malicious file fewer decoder bugs to reach.
package enum CodecSet: String, Codable, Sendable, CaseIterable {
  /// All formats that can hold audio and video in one file, and every codec of libavcodec.
  case all
  /// The formats and codecs that video sites deliver.
  case web

  /// Demuxers, comma-separated. `all` leaves out playlists, manifests and anything else that names other files,
  /// devices, subtitles, single images, and headerless raw data, which would match any file.
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

  /// Adds the set to the parameters that name a decoded result. `all` is not added, so that results made before this
  /// setting existed stay valid.
  package func note(in parameters: inout [String: String]) {
    if self != .all { parameters["codecs"] = rawValue }
  }

  /// How many of its formats and decoders the libraries of this machine have.
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

import Basics

/// Whether a file may hold a clip, before any decoder looks at it.
package enum MediaKind {
  case media
  /// Files often kept beside clips: subtitles, descriptions, thumbnails, notes, archives.
  case other
  /// A tar, which may hold media.
  case archive
  /// The extension is unknown: the first bytes decide.
  case unknown

  /// Determines the kind by the file extension, ignoring case.
  package static func of(name: String) -> MediaKind {
    guard let ending = Files.ending(name) else { return .unknown }
    if mediaEndings.contains(ending) { return .media }
    return ending == "tar" ? .archive : otherEndings.contains(ending) ? .other : .unknown
  }

  /// Whether the file begins with the signature of a container or stream that libav reads.
  package static func looksLikeMedia(_ path: String) -> Bool {
    guard let file = try? InputFile(path), let size = try? file.size else { return false }
    return looksLikeMedia(file, at: 0..<size)
  }

  /// The same check for a range of an open file.
  static func looksLikeMedia(_ file: borrowing InputFile, at range: Range<Int>) -> Bool {
    let head = try? file.read(at: range.lowerBound, count: min(range.count, 600))
    return looksLikeMedia(head ?? [])
  }

  static func looksLikeMedia(_ head: [UInt8]) -> Bool {
    func has(_ mark: String, at place: Int = 0) -> Bool { head.dropFirst(place).starts(with: mark.utf8) }
    func has(_ mark: [UInt8]) -> Bool { head.starts(with: mark) }
    func syncs(_ first: Int, every size: Int) -> Bool {
      head.count > first + 2 * size && (0..<3).allSatisfy { head[first + $0 * size] == 0x47 }
    }
    return ["ftyp", "moov", "mdat", "wide", "free", "skip"].contains { has($0, at: 4) }
      || (has("RIFF") && !has("WEBP", at: 8))
      || ["RF64", "OggS", "FLV", "fLaC", "ID3", "FORM", ".snd", "caff", "#!AMR", "MAC ", "wvpk", "TTA", ".RMF"]
        .contains { has($0) }
      || ["DKIF", "nut/multimedia", "YUV4MPEG2"].contains { has($0) }
      || has([0x1A, 0x45, 0xDF, 0xA3]) || has([0x30, 0x26, 0xB2, 0x75]) || has([0x00, 0x00, 0x01, 0xBA])
      || has([0x00, 0x00, 0x01, 0xB3]) || has([0x06, 0x0E, 0x2B, 0x34]) || syncs(0, every: 188) || syncs(4, every: 192)
      || (head.count > 1 && head[0] == 0xFF && head[1] & 0xE0 == 0xE0)
  }

  private static let mediaEndings: Set<String> = words(
    """
    mp4 m4v mov qt mkv mk3d webm avi divx flv f4v wmv asf mpg mpeg mpe m1v m2v mp2v vob dat ts m2ts mts m2t mxf nut dv
    3gp 3g2 ogv ogm rm rmvb mj2 ivf h264 264 h265 hevc 265 obu y4m gifv
    wav wave w64 rf64 bwf mp3 mp2 m2a mpa m4a m4b aac adts ac3 eac3 dts dtshd flac ogg oga opus spx mka weba wma aif
    aiff aifc caf au snd amr awb ape wv tta mpc ra gsm voc thd
    """)

  private static let otherEndings: Set<String> = words(
    """
    json jsonl ndjson json5 txt text md rst log csv tsv xml html htm yaml yml toml ini cfg conf nfo info description url
    webloc lnk desktop pdf doc docx xls xlsx rtf tex bib
    vtt srt ass ssa sub idx sbv ttml dfxp lrc smi scc chapters
    jpg jpeg jpe png webp gif bmp tif tiff heic heif avif svg ico jxl psd
    part ytdl tmp temp partial crdownload aria2 download bak orig swp old lock
    npy npz pt pth ckpt safetensors onnx pkl pickle h5 hdf5 parquet arrow feather tfrecord lmdb mdb db sqlite sqlite3
    zip gz tgz bz2 xz zst 7z rar lz4
    py sh ipynb js c h swift bat ps1 exe dll so
    md5 sha1 sha256 sha512 sfv crc torrent asc sig dvc gitignore gitattributes gitkeep
    """)

  private static func words(_ text: String) -> Set<String> {
    Set(text.split(whereSeparator: \.isWhitespace).map(String.init))
  }
}

/// Files among the clips that hold no media.
package struct IgnoredFiles: Sendable {
  /// Why a file is ignored.
  package enum Reason: String, Sendable {
    case notMedia = "neither its name nor its first bytes are those of audio or video"
    case emptyArchive = "a tar without audio or video"
    case notFile = "not a file, or a link that is not followed"
  }

  /// Names relative to the directory they were found in, in byte order, with the reasons.
  package private(set) var files: [(name: String, reason: Reason)] = []
  /// Directories that could not be read and links that form a cycle, with the reason.
  package var notes: [String] = []

  package var names: [String] { files.map(\.name) }
  package var isEmpty: Bool { files.isEmpty && notes.isEmpty }

  mutating func add(_ name: String, _ reason: Reason) { files.append((name, reason)) }

  /// The counts by extension; nil if there are none: `31 other files ignored: 12 .json, 10 .vtt, 9 without an ending`.
  package var sentence: String? {
    if names.isEmpty { return nil }
    var counts: [String: Int] = [:]
    for name in names {
      counts[Files.ending(name).map { ".\($0)" } ?? "without an ending", default: 0] += 1
    }
    let kinds = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let shown = kinds.prefix(6).map { "\($0.value) \($0.key)" } + (kinds.count > 6 ? ["…"] : [])
    return "\(counted(names.count, "other file")) ignored: \(shown.joined(separator: ", "))"
  }
}

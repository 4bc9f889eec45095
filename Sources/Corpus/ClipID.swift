import Basics

/// The name of one excerpt of one video: a file's name without its last extension, or the name in a manifest.
///
/// VGGSound ids are the eleven characters of a YouTube id, `_`, and the start in six digits. Ids may begin with `-` or
/// `_`. In tars an id is written as its `key`, because tar readers cut names at the first dot.
package struct ClipID: Hashable, Sendable, Comparable, CustomStringConvertible {
  package let text: String

  /// The longest key in bytes: `<key>.clip.npy` must fit the 100 bytes of a tar's name field. USTAR's prefix field does
  /// not help: it holds directories, and shard readers treat the directory as part of the sample's key.
  package static let longest = 91

  /// Nil if the id cannot name a member of a tar.
  package init?(_ text: String) {
    guard Self.problem(text) == nil else { return nil }
    self.text = text
  }

  /// The reason why a text cannot be an id; nil if it can.
  package static func problem(_ text: String) -> String? {
    let bytes = text.utf8
    if bytes.isEmpty { return "it is empty" }
    var (count, hasControl, hasSlash, isASCII) = (0, false, false, true)
    for byte in bytes {
      count += isEscaped(byte) ? 3 : 1
      hasControl = hasControl || byte < 0x20 || byte == 0x7F
      hasSlash = hasSlash || byte == 0x2F
      isASCII = isASCII && byte < 0x80
    }
    if count > longest {
      return "\(count) bytes as a tar has it, over \(longest): <id>.clip.npy does not fit its name field"
    }
    if hasControl { return "it has control characters" }
    if hasSlash { return "it has a slash" }
    if !isASCII, text.unicodeScalars.contains("\u{FFFD}") { return "it is not UTF-8" }
    if bytes.first == 0x5F, text.hasPrefix("__"), text.hasSuffix("__") {
      return "webdataset skips names of the form __x__"
    }
    return nil
  }

  package var description: String { text }

  /// Byte order, which is the order of samples in shards.
  package static func < (a: ClipID, b: ClipID) -> Bool { precedesInBytes(a.text, b.text) }

  /// The stem of a file name: the part before its last dot.
  package static func stem(ofFile name: String) -> String {
    name.utf8.lastIndex(of: 0x2E).map { String(name[..<$0]) } ?? name
  }

  /// The part of a name before its first dot, which other tools use as the clip's name.
  package static func beforeFirstDot(_ name: String) -> String {
    guard let dot = name.utf8.firstIndex(of: 0x2E), dot != name.utf8.startIndex else { return name }
    return String(name[..<dot])
  }

  /// `X_000020`: the name of a clip that begins at a whole second of a video.
  package static func text(_ video: String, second: Int) -> String {
    let digits = String(second)
    return "\(video)_\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits)"
  }

  /// The id without its start (`X_000010` → X, `X_10000_20000` → X). All clips of a source video are in the same split.
  package var sourceVideo: String {
    var parts = text.split(separator: "_", omittingEmptySubsequences: false)
    let digits = { (part: Substring) in !part.isEmpty && part.utf8.allSatisfy { (0x30...0x39).contains($0) } }
    if parts.count >= 3, let end = Self.milliseconds(parts[parts.count - 1]),
      let start = Self.milliseconds(parts[parts.count - 2]), start < end
    {
      parts.removeLast(2)
    } else if parts.count >= 2, digits(parts[parts.count - 1]) {
      parts.removeLast(1)
    }
    let head = parts.joined(separator: "_")
    return head.isEmpty ? text : head
  }

  /// A number of the form in milliseconds, without leading zeros. `000010` is a start in seconds, so the part before it
  /// belongs to the video's id.
  private static func milliseconds(_ part: Substring) -> Int? {
    guard part.utf8.allSatisfy({ (0x30...0x39).contains($0) }), part == "0" || !part.hasPrefix("0") else { return nil }
    return Int(part)
  }
}

extension ClipID: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let id = ClipID(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a clip id")
    }
    self = id
  }
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}

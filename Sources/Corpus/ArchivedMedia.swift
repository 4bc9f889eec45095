import Basics
import Foundation
import Tar

/// The facts about a clip in the JSON file beside its member in a tar.
package struct ArchiveNote: Sendable, Equatable {
  package var label: String?
  /// The start of the clip in the member, in milliseconds.
  package var startMilliseconds: Int?
  package var captions: [String] = []
}

/// The media in a WebDataset tar, as written by video2dataset and similar tools: `<key>.mp4`, `<key>.json`,
/// `<key>.txt`. Nothing is unpacked.
struct ArchivedMedia {
  struct Member {
    var name: String
    var bytes: Range<Int>
    var note: ArchiveNote?
  }

  /// In tar order; empty for a tar of training shards, frames or embeddings.
  private(set) var members: [Member] = []
  /// The damage that cuts the tar short, if any.
  private(set) var damage: Failure?

  /// A larger file does not describe a clip.
  private static let mostJSON = 1 << 20

  init(_ path: String) {
    let listed: [TarMember]
    do { (listed, damage) = try TarFile.membersBeforeDamage(path) } catch {
      damage = error as? Failure ?? Failure("file.read", "cannot read", on: path, found: "\(error)")
      return
    }
    // Shards written by prepare hold the audio of clips, but no media files.
    if listed.contains(where: { $0.name.hasSuffix(".clip.npy") }) { return }
    var notes: [Substring: TarMember] = [:]
    for member in listed where Files.ending(member.name) == "json" && member.size <= Self.mostJSON {
      notes[member.name.dropLast(5)] = member
    }
    guard let file = try? InputFile(path) else { return }
    for member in listed {
      let bytes = member.offset..<member.offset + member.size
      guard Self.isMedia(member.name, file, bytes) else { continue }
      let stem = member.name.dropLast(Files.ending(member.name).map { $0.utf8.count + 1 } ?? 0)
      let note = notes[stem].flatMap { try? file.read(at: $0.offset, count: $0.size) }.flatMap(Self.note)
      members.append(Member(name: member.name, bytes: bytes, note: note))
    }
  }

  private static func isMedia(_ name: String, _ file: borrowing InputFile, _ bytes: Range<Int>) -> Bool {
    guard !Files.name(name).hasPrefix(".") else { return false }
    switch MediaKind.of(name: name) {
    case .media: return true
    case .unknown: return MediaKind.looksLikeMedia(file, at: bytes)
    case .other, .archive: return false
    }
  }

  /// Label, start (seconds) and caption, each if it has the right type; nil if the bytes are not a JSON object.
  static func note(_ bytes: [UInt8]) -> ArchiveNote? {
    guard let object = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any] else { return nil }
    var note = ArchiveNote()
    note.label = object["label"] as? String
    if let start = object["start"] as? Double, (0..<1_000_000).contains(start) {
      note.startMilliseconds = Int((start * 1000).rounded())
    }
    note.captions = (object["caption"] as? String).map { [$0] } ?? (object["captions"] as? [String]) ?? []
    return note
  }
}

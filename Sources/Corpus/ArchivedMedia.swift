import Basics
import Foundation
import Tar

/// What the json beside a member of a tar says of the clip.
package struct ArchiveNote: Sendable, Equatable {
  package var label: String?
  /// Where the clip begins in the member, in milliseconds.
  package var startMilliseconds: Int?
  package var captions: [String] = []
}

/// The media in a WebDataset tar, as video2dataset and its relatives write them: `<key>.mp4`, `<key>.json`,
/// `<key>.txt`. Nothing is unpacked.
struct ArchivedMedia {
  struct Member {
    var name: String
    var bytes: Range<Int>
    var note: ArchiveNote?
  }

  /// In the order of the tar; none of a tar of training shards, of frames or of embeddings.
  private(set) var members: [Member] = []
  /// What ends the tar before its end, if so.
  private(set) var damage: Failure?

  /// Larger ones are no notes on a clip.
  private static let mostJSON = 1 << 20

  init(_ path: String) {
    let listed: [TarMember]
    do { (listed, damage) = try TarFile.membersBeforeDamage(path) } catch {
      damage = error as? Failure ?? Failure("file.read", "cannot read", on: path, found: "\(error)")
      return
    }
    // What prepare writes holds audio of clips, but no clips.
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

  /// Label, start (seconds) and caption, each where it has the type it should have; nil for what is no JSON object.
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

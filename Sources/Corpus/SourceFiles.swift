import Basics

/// The files below the directories that a user names.
package struct SourceFiles: Sendable {
  /// Files that may hold a clip, in byte order of their names.
  package private(set) var files: [SourceFile] = []
  package private(set) var ignored = IgnoredFiles()
  private let others: Set<String>
  private let followsLinks: Bool
  /// Directories already visited, by device and inode: a link that leads to one of them again is not followed.
  private var seen: Set<[UInt64]> = []

  /// Lists every regular file that may hold a clip, subdirectories included, without hidden files. A file counts if its
  /// extension is a media extension, or if its extension says nothing and its first bytes are those of media. Other
  /// files are only counted.
  ///
  /// Symbolic links to files and directories are followed; a broken link with a media name is listed with a refusal. A
  /// path that is itself a file always counts, whatever its name. A directory without read permission gives a note. The
  /// media files inside a tar also count as files.
  /// - Parameters:
  ///   - others: directories to skip where they are below the given paths: other inputs and the outputs of the tool.
  ///   - followsLinks: false to refuse links below the directories.
  /// - Throws: `videos.missing` for a path that does not exist, `videos.empty` if no file may hold a clip.
  package init(_ paths: [String], except others: [String] = [], followsLinks: Bool = true) throws {
    self.others = Set(others.compactMap { Files.resolved($0) })
    self.followsLinks = followsLinks
    var named: Set<String> = []
    for path in paths {
      // A directory that is named twice is read once.
      if let real = Files.resolved(path), !named.insert(real).inserted { continue }
      guard Files.exists(path) else {
        throw Failure(
          "videos.missing", "there is no such file or directory", on: path,
          hint: "name the directory that holds the clips", exit: .failed)
      }
      if Files.isDirectory(path) {
        try walk(path, prefix: "", isNamed: true)
      } else if MediaKind.of(name: path) == .archive {
        addMembers(of: path, Files.name(path), try Files.identity(path))
      } else if MediaKind.of(name: path) == .other, !MediaKind.looksLikeMedia(path) {
        // `pipeline embed clips/*` also names the descriptions and thumbnails beside the clips.
        ignored.add(Files.name(path), .notMedia)
      } else {
        files.append(SourceFile(path: path, name: Files.name(path)))
      }
    }
    guard !files.isEmpty else {
      throw Failure(
        "videos.empty", "there are no clips in the directory", on: paths.joined(separator: ", "),
        found: ignored.sentence, hint: "put audio or video files there, such as .mp4 or .wav")
    }
    // The files of a single directory are already sorted.
    if files.indices.dropFirst().contains(where: { precedesInBytes(files[$0].name, files[$0 - 1].name) }) {
      files.sort { precedesInBytes($0.name, $1.name) }
    }
  }

  /// - Parameter isNamed: whether the user named it: then it must be readable.
  private mutating func walk(_ directory: String, prefix: String, isNamed: Bool) throws {
    let place = try Files.identity(directory)
    guard seen.insert([place.device, place.inode]).inserted else {
      ignored.notes.append("\(prefix): looked into already under another name")
      return
    }
    let entries: [DirectoryEntry]
    do { entries = try Files.entries(in: directory) } catch {
      if isNamed { throw error }
      ignored.notes.append("\(prefix): this directory cannot be read")
      return
    }
    files.reserveCapacity(files.count + entries.count)
    for entry in entries {
      let path = directory.hasSuffix("/") ? directory + entry.name : "\(directory)/\(entry.name)"
      let shown = prefix.isEmpty ? entry.name : "\(prefix)/\(entry.name)"
      guard let identity = entry.identity else {
        // Removed since the directory was listed, or a name that is not UTF-8 and so cannot be opened.
        files.append(SourceFile(path: path, name: shown, refusal: "no file can be opened under this name"))
        continue
      }
      if identity.kind == .link {
        try add(linkAt: path, shown)
      } else {
        try add(path, shown, identity)
      }
    }
  }

  private mutating func add(_ path: String, _ shown: String, _ identity: FileIdentity) throws {
    switch identity.kind {
    case .directory:
      if !others.isEmpty, let real = Files.resolved(path), others.contains(real) { return }
      try walk(path, prefix: shown, isNamed: false)
    case .file:
      switch MediaKind.of(name: shown) {
      case .media: files.append(SourceFile(path: path, name: shown, identity: identity))
      case .unknown where MediaKind.looksLikeMedia(path):
        files.append(SourceFile(path: path, name: shown, identity: identity))
      case .archive: addMembers(of: path, shown, identity)
      case .unknown, .other: ignored.add(shown, .notMedia)
      }
    case .link, .other: refuse(path, shown, "neither a file nor a directory")
    }
  }

  private mutating func add(linkAt path: String, _ shown: String) throws {
    guard followsLinks else { return refuse(path, shown, "a symbolic link") }
    guard let target = try? Files.identity(path) else { return refuse(path, shown, "a symbolic link to nothing") }
    try add(path, shown, target)
  }

  /// Adds the media among the members of a tar. Members after damage are lost, and this is reported.
  private mutating func addMembers(of path: String, _ shown: String, _ identity: FileIdentity) {
    let archive = ArchivedMedia(path)
    if let damage = archive.damage {
      ignored.notes.append("\(damage.what) (\(shown), \(damage.found ?? "")): what lies behind that is not used")
    }
    if archive.members.isEmpty { ignored.add(shown, .emptyArchive) }
    for member in archive.members {
      var file = SourceFile(path: path, bytes: member.bytes, name: "\(shown)/\(member.name)", identity: identity)
      file.note = member.note
      files.append(file)
    }
  }

  private mutating func refuse(_ path: String, _ shown: String, _ reason: String) {
    if MediaKind.of(name: shown) == .media {
      files.append(SourceFile(path: path, name: shown, refusal: reason))
    } else {
      ignored.add(shown, .notFile)
    }
  }
}

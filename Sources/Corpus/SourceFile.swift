import Basics
import Glibc

/// A file that may hold a clip.
package struct SourceFile: Sendable {
  /// What opens it.
  package var path: String
  /// What names it to people and in outputs: relative to the folder it was found in.
  package var name: String
  /// Why it must not be opened, if so.
  package var refusal: String?
  /// The file as it was found, where that was looked at.
  package var identity: FileIdentity?

  package init(path: String, name: String, refusal: String? = nil, identity: FileIdentity? = nil) {
    (self.path, self.name, self.refusal, self.identity) = (path, name, refusal, identity)
  }

  package var stem: String { ClipID.stem(ofFile: Files.name(name)) }
}

/// Finds files below the folders that a user names.
package enum SourceFiles {
  /// Every regular file that is not hidden, of any extension, in byte order of the names; subfolders included.
  ///
  /// A symbolic link to a file is taken when the file lies in the same folder's tree; one that leaves it, points
  /// nowhere or at a folder is listed with a refusal. A path that is itself a file stands for that file.
  /// - Parameter others: folders that are passed over where they lie below those: what the tool reads otherwise, and
  ///   writes.
  package static func find(_ paths: [String], except others: [String] = []) throws -> [SourceFile] {
    var found: [SourceFile] = []
    let others = Set(others.compactMap { Files.resolved($0) })
    var seen: Set<String> = []
    for path in paths {
      // One that is named twice is looked at once.
      if let real = Files.resolved(path), !seen.insert(real).inserted { continue }
      guard Files.exists(path) else {
        throw Failure(
          "videos.missing", "there is no such file or folder", on: path, hint: "name the folder that holds the clips",
          exit: .failed)
      }
      if Files.isFolder(path) {
        guard let root = Files.resolved(path) else { throw Failure.system("resolve", path) }
        try walk(path, prefix: "", root: root, except: others, into: &found)
      } else {
        found.append(SourceFile(path: path, name: Files.name(path)))
      }
    }
    guard !found.isEmpty else {
      throw Failure(
        "videos.empty", "there are no files in the folder", on: paths.joined(separator: ", "),
        hint: "put clips there, named <id>_<start second, six digits>.mp4")
    }
    // One folder's files are in order already.
    let isSorted = !found.indices.dropFirst().contains { precedesInBytes(found[$0].name, found[$0 - 1].name) }
    return isSorted ? found : found.sorted { precedesInBytes($0.name, $1.name) }
  }

  private static func walk(
    _ folder: String, prefix: String, root: String, except others: Set<String>, into found: inout [SourceFile]
  ) throws {
    let entries = try Files.entries(in: folder)
    found.reserveCapacity(found.count + entries.count)
    for entry in entries {
      let name = entry.name
      let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
      let shown = prefix.isEmpty ? name : "\(prefix)/\(name)"
      guard let identity = entry.identity else {
        // Gone since the folder was listed, or a name that is not UTF-8 and so cannot be asked for.
        found.append(SourceFile(path: path, name: shown, refusal: "no file can be opened under this name"))
        continue
      }
      switch identity.kind {
      case .folder:
        if !others.isEmpty, let real = Files.resolved(path), others.contains(real) { continue }
        try walk(path, prefix: shown, root: root, except: others, into: &found)
      case .file: found.append(SourceFile(path: path, name: shown, identity: identity))
      case .link: found.append(SourceFile(path: path, name: shown, refusal: refusal(ofLink: path, root: root)))
      case .other: found.append(SourceFile(path: path, name: shown, refusal: "neither a file nor a folder"))
      }
    }
  }

  private static func refusal(ofLink path: String, root: String) -> String? {
    guard let target = Files.resolved(path) else { return "a symbolic link to nothing" }
    if Files.isFolder(target) { return "a symbolic link to a folder" }
    return target.hasPrefix(root + "/") ? nil : "a symbolic link that leaves the folder"
  }
}

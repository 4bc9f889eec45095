import Glibc

/// Puts a new directory into another's place and the old one into the new one's: in one step where the file system can
/// (Linux's RENAME_EXCHANGE), else (NFS, 9p, some FUSE) in three renames.
///
/// Between two of the three a reader finds nothing under the name for a moment. A kill there is undone or finished by
/// `recover`: the old directory or the new one is never lost. A directory that cannot be renamed at all, as one from a
/// lower layer of an overlay (a container's image), is copied aside first.
package struct DirectoryReplacement {
  package let place: String
  package let new: String
  /// Where the old directory waits between the renames.
  private var aside: String { "\(Files.parent(place))/.\(Files.name(place)).replaced" }
  /// Where it is being copied to, where it cannot be renamed.
  private var copy: String { "\(aside).copying" }

  package init(_ place: String, by new: String) { (self.place, self.new) = (place, new) }

  /// Puts back, or carries on, what a kill has left. Before anything else is done with either directory.
  package func recover() throws {
    if Files.isDirectory(copy) { try Files.remove(copy) }
    guard Files.isDirectory(aside) else { return }
    if Files.exists(new) {
      // Of a directory that was copied a part may have been removed.
      if Files.isDirectory(place) { try Files.remove(place) }
      try Files.rename(aside, to: place)
    } else if !Files.isDirectory(place) {
      try Files.rename(aside, to: place)
    } else {
      try Files.rename(aside, to: new)
    }
  }

  /// Both have to be there.
  package func run() throws {
    if fileSystem.exchange(new, place) == 0 { return }
    guard [EINVAL, ENOSYS, EOPNOTSUPP, EXDEV].contains(errno) else { throw Failure.system("exchange", new) }
    try setAside()
    do { try Files.rename(new, to: place) } catch {
      try? Files.rename(aside, to: place)
      throw error
    }
    try Files.rename(aside, to: new)
  }

  private func setAside() throws {
    if fileSystem.rename(place, to: aside) == 0 { return }
    guard errno == EXDEV else { throw Failure.system("rename", place) }
    try Files.makeDirectory(copy)
    for name in try Files.names(in: place) { try Files.linkOrCopy("\(place)/\(name)", to: "\(copy)/\(name)") }
    try Files.rename(copy, to: aside)
    try Files.remove(place)
  }
}

extension Files {
  /// A second name for the same bytes; a copy where the file system has no hard links (SMB, exFAT, BeeGFS) or the two
  /// names lie on different ones. A copy is written whole or not at all.
  package static func linkOrCopy(_ from: String, to: String) throws {
    if fileSystem.link(from, to: to) == 0 { return }
    guard [EPERM, EOPNOTSUPP, ENOSYS, EMLINK, EXDEV].contains(errno) else { throw Failure.system("link", from) }
    let source = try InputFile(from)
    let copy = try OutputFile(to)
    var piece = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = try piece.withUnsafeMutableBytes { try source.read(into: $0) }
      try piece.withUnsafeBytes { try copy.write(raw: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      if count < piece.count { break }
    }
    try copy.commit()
  }
}

import Glibc

/// Exchanges a directory with a new one: in one step if the file system supports it (RENAME_EXCHANGE on Linux), else
/// (NFS, 9p, some FUSE) with three renames.
/// During the three renames, readers may briefly find nothing under the name. After a kill at this point, `recover`
/// undoes or finishes the exchange: neither directory is ever lost. A directory that cannot be renamed at all, such as
/// one from a lower layer of an overlay (a container's image), is copied first.
package struct DirectoryReplacement {
  package let place: String
  package let new: String
  /// The temporary place of the old directory between the renames.
  private var aside: String { "\(Files.parent(place))/.\(Files.name(place)).replaced" }
  /// The destination of the copy, if it cannot be renamed.
  private var copy: String { "\(aside).copying" }

  package init(_ place: String, by new: String) { (self.place, self.new) = (place, new) }

  /// Undoes or finishes an exchange that was killed. Call this before using either directory.
  package func recover() throws {
    if Files.isDirectory(copy) { try Files.remove(copy) }
    guard Files.isDirectory(aside) else { return }
    if Files.exists(new) {
      // If the directory was copied, part of it may have been removed already.
      if Files.isDirectory(place) { try Files.remove(place) }
      try Files.rename(aside, to: place)
    } else if !Files.isDirectory(place) {
      try Files.rename(aside, to: place)
    } else {
      try Files.rename(aside, to: new)
    }
  }

  /// Exchanges the directories. Both must exist.
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
  /// Gives a file a second name, or copies it if the file system has no hard links (SMB, exFAT, BeeGFS) or the two
  /// names are on different file systems. A copy is written completely or not at all.
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

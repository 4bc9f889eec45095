// A remote cache in a directory, laid out like Bazel's disk cache: `ac/12/1234…`, `cas/12/1234…`, unfinished files in
// `tmp/`. Any number of processes on any number of machines can read and write it at the same time.
//
// A file gets its name by a rename, so readers see all of it or nothing. It is not synced: after a power failure it may
// be incomplete, but readers check every byte against a digest anyway. A file's modification time is the time of its
// last use, to the hour; the least recently used files are removed first (CacheTrim). A file removed while it is being
// read stays readable for that reader and is missing for the next.

import Basics
import Foundation
import Synchronization

final class DirectoryBackend: CacheBackend {
  private static let useIsNews: Int64 = 3_600_000_000_000
  /// The directory is measured again after it may have grown by this fraction of its limit.
  private static let shareBetweenTrims = 16

  let name: String
  let damageSpreads = false
  private let root: String
  private let sizeLimit: Int?
  /// Bytes stored since the directory was last measured.
  private let grown = Atomic<Int>(0)
  private let hasPut = Atomic<Bool>(false)

  init(_ directory: CacheDirectory) { (name, root, sizeLimit) = (directory.name, directory.path, directory.sizeLimit) }

  // MARK: Reading

  func get(_ key: CacheKey, limit: Int) throws -> [UInt8]? {
    let path = path(key)
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      if Self.meansAbsent(errno) { return nil }
      throw Self.trouble(Failure.system("open", path))
    }
    do {
      let file = try InputFile(taking: descriptor, path)
      let identity = try Files.identity(ofOpen: descriptor, path)
      guard identity.size <= limit else { throw Trouble(.wrong, "\(identity.size) bytes where \(limit) are the most") }
      let bytes = try file.read(at: 0, count: identity.size)
      noteUse(descriptor, identity)
      return bytes
    } catch let failure as Failure {
      // Removed by another machine while it was being read.
      if failure.systemError == ESTALE { return nil }
      throw Self.trouble(failure)
    }
  }

  func has(_ key: CacheKey) throws -> Bool {
    let path = path(key)
    if access(path, F_OK) == 0 { return true }
    if Self.meansAbsent(errno) { return false }
    throw Self.trouble(Failure.system("open", path))
  }

  private static func meansAbsent(_ code: Int32) -> Bool { code == ENOENT || code == ESTALE }

  /// Without write permission, the use cannot be recorded: the entry is then removed earlier, and that is not an error.
  private func noteUse(_ descriptor: Int32, _ identity: FileIdentity) {
    if DirectoryListing.now() - identity.modified > Self.useIsNews { futimens(descriptor, nil) }
  }

  // MARK: Writing

  func put(_ key: CacheKey, _ bytes: [UInt8]) throws {
    let path = path(key)
    // An existing undamaged entry is not written again; reading it records the use.
    if case .content(let digest) = key, let there = try? get(key, limit: bytes.count), Digest(of: there) == digest {
      return
    }
    do {
      let temporary = "\(try directory("tmp"))/\(UUID().uuidString)"
      do {
        try write(bytes, to: temporary)
        _ = try directory(key.store)
        _ = try directory("\(key.store)/\(key.digest.hex.prefix(2))")
        try Files.rename(temporary, to: path)
      } catch {
        _ = fileSystem.unlink(temporary)
        throw error
      }
    } catch let failure as Failure {
      throw Self.trouble(failure)
    }
    hasPut.store(true, ordering: .relaxed)
    if let sizeLimit, grown.add(bytes.count, ordering: .relaxed).newValue > sizeLimit / Self.shareBetweenTrims {
      grown.store(0, ordering: .relaxed)
      trim()
    }
  }

  private func write(_ bytes: [UInt8], to path: String) throws {
    let descriptor = fileSystem.open(path, O_WRONLY | O_CREAT | O_EXCL)
    guard descriptor >= 0 else { throw Failure.system("create", path) }
    do { try bytes.withUnsafeBytes { try writeAll($0, to: descriptor, path: path) } } catch {
      close(descriptor)
      throw error
    }
    // A network file system may report a full disk only here.
    guard close(descriptor) == 0 else { throw Failure.system("write", path) }
  }

  func discard(_ key: CacheKey) { _ = fileSystem.unlink(path(key)) }

  func finish() {
    guard hasPut.load(ordering: .relaxed) else { return }
    CacheTrim(root).removeLeftOvers()
    trim()
  }

  private func trim() { if let sizeLimit { CacheTrim(root).run(limit: sizeLimit) } }

  // MARK: Names

  /// One subdirectory per prefix, because file systems are slow with very many names in one directory.
  private func path(_ key: CacheKey) -> String {
    let hex = key.digest.hex
    return "\(root)/\(key.store)/\(hex.prefix(2))/\(hex)"
  }

  /// A subdirectory of the cache, created if needed, with the same permissions as the cache's own directory.
  ///
  /// The cache's own directory is created too, but none above it: if a shared file system is not mounted, this would
  /// create a cache that no other machine shares.
  private func directory(_ name: String) throws -> String {
    let path = "\(root)/\(name)"
    if Files.isDirectory(path) { return path }
    if !Files.isDirectory(root) {
      guard fileSystem.makeDirectory(root) == 0 || errno == EEXIST else { throw Failure.system("make directory", root) }
    }
    if fileSystem.makeDirectory(path) == 0 {
      var status = stat()
      if stat(root, &status) == 0 { chmod(path, status.st_mode & 0o7777) }
    } else if errno != EEXIST {
      throw Failure.system("make directory", path)
    }
    return path
  }

  private static func trouble(_ failure: Failure) -> Trouble {
    let evidence = "\(failure.what) \(failure.subject ?? ""): \(failure.found ?? "")"
    return switch failure.systemError {
    case ENOSPC, EDQUOT: Trouble(.full, evidence)
    case EROFS, EACCES, EPERM: Trouble(.refused, evidence)
    case ENOENT, ENOTDIR, ENODEV, ENOTCONN, ESTALE: Trouble(.unreachable, evidence)
    case EFBIG: Trouble(.large, evidence)
    default: failure.code == "file.short" ? Trouble(.cutOff, evidence) : Trouble(.failing, evidence)
    }
  }
}

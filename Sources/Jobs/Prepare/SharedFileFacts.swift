import Basics
import RemoteCache
import StageGraph
import Synchronization

/// What parts of a prepare leave in the remote cache of the files that they read, so that the last prepare reads none:
/// digests by path, size and modification time, and lengths by digest.
///
/// Sizes and times are those that the file system shows to all machines; where a machine sees others, as a fresh copy
/// of a file has, nothing is found, and the file is read.
final class SharedFileFacts: SharedFileDigests {
  private static let digestKind = "file-digest"
  private static let lengthKind = "file-length"

  private let cache: RemoteCache
  /// Whether what is found here is left for others.
  private let leaves: Bool
  /// The directories of files without links, by the names that they were asked for.
  private let directories = Mutex<[String: String]>([:])

  init(_ cache: RemoteCache, leaves: Bool) { (self.cache, self.leaves) = (cache, leaves) }

  func digest(of path: String, part: String, _ file: FileIdentity) -> Digest? {
    let found = cache.fact(question(path, part, file), kind: Self.digestKind)
    return found.flatMap { Digest(hex: String(decoding: $0, as: UTF8.self)) }
  }

  func keep(_ digest: Digest, of path: String, part: String, _ file: FileIdentity) {
    guard leaves else { return }
    cache.keep(fact: Array(digest.hex.utf8), of: question(path, part, file), kind: Self.digestKind)
  }

  /// Seconds of a file, below 0 where it has no length; nil where nobody has measured it.
  /// - Parameter key: of the file's digest and of what measures.
  func length(_ key: Digest) -> Double? {
    let found = cache.fact(key, kind: Self.lengthKind).flatMap { Double(String(decoding: $0, as: UTF8.self)) }
    return found.flatMap { $0.isFinite ? $0 : nil }
  }

  func keep(length seconds: Double, _ key: Digest) {
    guard leaves else { return }
    cache.keep(fact: Array("\(seconds)".utf8), of: key, kind: Self.lengthKind)
  }

  private func question(_ path: String, _ part: String, _ file: FileIdentity) -> Digest {
    let hasher = DigestBuilder()
    for field in ["file 1", resolved(path), part, "\(file.size)", "\(file.modified)"] { hasher.update(field: field) }
    return hasher.finish()
  }

  private func resolved(_ path: String) -> String {
    let directory = Files.parent(path)
    let known = directories.withLock { $0[directory] }
    let real = known ?? Files.resolved(directory) ?? directory
    if known == nil { directories.withLock { $0[directory] = real } }
    return "\(real)/\(Files.name(path))"
  }
}

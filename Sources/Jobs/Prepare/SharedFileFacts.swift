import Basics
import RemoteCache
import StageGraph
import Synchronization

/// What parts of a `prepare` store in the remote cache about the files that they read, so that the last `prepare` need
/// not read them: digests by path, size and modification time, and lengths by digest.
///
/// This works when the file system shows the same sizes and times on all machines. On a machine that sees others, for
/// example with a fresh copy of a file, nothing is found and the file is read.
final class SharedFileFacts: SharedFileDigests {
  private static let digestKind = "file-digest"
  private static let lengthKind = "file-length"

  private let cache: RemoteCache
  /// Whether facts that are found here are stored for others.
  private let leaves: Bool
  /// The directories of files with links resolved, by the names that were asked for.
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

  /// The length of a file in seconds, negative when it has no length; nil when nobody has measured it.
  /// - Parameter key: the digest of the file's digest and of the libraries that measure it.
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

import Basics
import Corpus
import StageGraph

extension FileDigestCache {
  /// The digests of clips' files in their order: a file is known by its path, a member of a tar by its place in the
  /// tar.
  /// - Parameters:
  ///   - shared: what other workspaces know about files.
  ///   - reads: when false, files that nobody has read yet are not read here either, and get no digest.
  /// - Throws: `Interruption.failure`.
  func digests(
    ofFiles files: [SourceFile], jobs: Int, shared: (any SharedFileDigests)? = nil, reads: Bool = true
  ) throws -> [Result<Digest, Failure>] {
    let read: @Sendable (Int) throws -> Digest = { k in
      guard reads else { throw Failure.fileUnread(files[k].path) }
      return try files[k].media.digest()
    }
    if !files.contains(where: { $0.bytes != nil }) {
      return Array(
        try digests(of: files.map(\.path), seen: { files[$0].identity }, jobs: jobs, shared: shared, read: read))
    }
    return Array(
      try digests(ofParts: files.count, jobs: jobs, shared: shared) { k in
        (files[k].path, files[k].bytes.map { "\($0.lowerBound)+\($0.count)" } ?? "")
      } read: { k in
        try read(k)
      })
  }
}

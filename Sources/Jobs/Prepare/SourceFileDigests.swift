import Basics
import Corpus
import StageGraph

extension FileDigestCache {
  /// The digests of clips' files in their order: of files by their paths, of members of tars by their places in them.
  /// - Throws: `Interruption.failure`.
  func digests(ofFiles files: [SourceFile], jobs: Int) throws -> [Result<Digest, Failure>] {
    if !files.contains(where: { $0.bytes != nil }) {
      return Array(try digests(of: files.map(\.path), seen: { files[$0].identity }, jobs: jobs))
    }
    return Array(
      try digests(ofParts: files.count, jobs: jobs) { k in
        (files[k].path, files[k].bytes.map { "\($0.lowerBound)+\($0.count)" } ?? "")
      } read: { k in
        try files[k].media.digest()
      })
  }
}

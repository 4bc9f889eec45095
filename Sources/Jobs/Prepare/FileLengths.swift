import Basics
import Corpus
import Media
import RemoteCache
import StageGraph

/// Lengths of files, which are needed before it is known which clips there are. Decode workers measure them, and they
/// are remembered by the files' digests.
struct FileLengths {
  private let settings: PrepareSettings
  private let catalog: Catalog?
  private let shared: SharedFileFacts?

  /// - Parameters:
  ///   - catalog: holds lengths measured earlier, and stores new ones if it is writable. Nil when there is none.
  ///   - shared: lengths measured by other workspaces.
  init(_ settings: PrepareSettings, _ catalog: Catalog?, _ shared: SharedFileFacts? = nil) {
    (self.settings, self.catalog, self.shared) = (settings, catalog, shared)
  }

  /// The length of each candidate's file in seconds; nil when it is not known.
  /// - Parameter measures: whether unknown lengths are measured.
  func seconds(of candidates: [ClipCandidate], _ digests: [Digest?], measures: Bool = true) throws -> [Double?] {
    let keys = digests.map { $0.map { Self.key($0, settings.codecs) } }
    var known = try catalog?.fileLengths() ?? [:]
    var wanted: [Digest: SourceFile] = [:]
    for (key, candidate) in zip(keys, candidates) {
      if let key, known[key] == nil { wanted[key] = candidate.file }
    }
    var found = lookUp(wanted.keys.sorted())
    for key in found.keys { wanted[key] = nil }
    let measured = measures ? try measure(wanted.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }) : [:]
    for (key, seconds) in measured { shared?.keep(length: seconds, key) }
    found.merge(measured) { _, new in new }
    if catalog?.isWriter == true { try catalog?.add(fileLengths: found) }
    known.merge(found) { _, new in new }
    return keys.map { key in key.flatMap { known[$0] }.flatMap { $0 < 0 ? nil : $0 } }
  }

  private func lookUp(_ keys: [Digest]) -> [Digest: Double] {
    guard let shared, !keys.isEmpty else { return [:] }
    let found = parallelMap(keys.count, threads: settings.jobs + RemoteCache.transfers) { shared.length(keys[$0]) }
    return Dictionary(uniqueKeysWithValues: zip(keys, found).compactMap { key, found in found.map { (key, $0) } })
  }

  /// The key includes the libraries, because others may measure a different length.
  private static func key(_ digest: Digest, _ codecs: CodecSet) -> Digest {
    var facts = MediaToolchain.identity
    codecs.note(in: &facts)
    return Digest(of: "length 1 \(digest.hex) \(facts.sorted { $0.key < $1.key })")
  }

  /// Seconds by key, negative for a file without a length. Results that could be different next time are left out.
  private func measure(_ files: [(key: Digest, file: SourceFile)]) throws -> [Digest: Double] {
    if files.isEmpty { return [:] }
    let workers = DecodeWorkers(
      count: settings.jobs, command: settings.workerCommand, limits: DecodeLimits(seconds: settings.timeoutSeconds))
    defer { workers.stop() }
    let passing = Set(builtInReasons.filter { !$0.isFinal }.map(\.code))
    let found = try parallelMap(files.count, threads: settings.jobs) { k -> (Digest, Double)? in
      if Interruption.isRequested { throw Interruption.failure }
      let reply = try workers.decode(DecodeRequest(files[k].file.media, work: .length)).reply
      return reply.findings.contains { passing.contains($0.code) } ? nil : (files[k].key, reply.length ?? -1)
    }
    return Dictionary(uniqueKeysWithValues: found.compactMap { $0 })
  }
}

// Which clips have teacher embeddings, and where. Scans directories and files in byte order and reads only names and
// headers. A refused file is recorded with its reason, so that one bad shard does not stop the others.

import Basics
import Corpus
import Tensors

package struct EmbeddingIndex: Sendable {
  /// In the order in which they were found: paths as given, names in byte order, then offset.
  private var locations: [EmbeddingLocation] = []
  /// Positions in `locations` by key: the first one, and the others for the few keys with several.
  private var first: [ByteKey: Int32] = [:]
  private var others: [ByteKey: [Int32]] = [:]
  /// Non-ASCII keys, to find names that look the same but have different bytes: their rows are used if there are no
  /// better ones.
  private var alike: [String: ByteKey] = [:]
  /// Rows of keys with dots, by the part before the first dot: for clips without rows under their own name.
  private var byFirstPart: [String: [Int32]] = [:]
  /// Files that are not used, with the reason.
  package private(set) var refused: [Failure] = []
  /// The values common to all embeddings; a value in which they differ is nil.
  package private(set) var description = EmbeddingDescription()
  private var descriptions: [EmbeddingDescription: SharedDescription] = [:]
  private let told: EmbeddingDescription
  /// The last file's description together with its directory's, and the result: usually the next files have the same.
  private var lastDescription: (listed: EmbeddingDescription, known: EmbeddingDescription, shared: SharedDescription)?

  /// - Parameters:
  ///   - paths: files, directories, and patterns `NAME-*-of-00008.npy` for all parts of a set; directories are searched
  ///     without hidden names, and symbolic links to directories are not followed.
  ///   - fps: rows per second; overrides what the files say.
  ///   - model: the teacher's name; overrides what the files say.
  /// - Throws: a `Failure` for a path that does not exist or a format that is not supported, `embeddings.none` if
  ///   nothing is found, and `embeddings.model` if the embeddings come from different models.
  package init(paths: [String], fps: Double? = nil, model: String? = nil) throws {
    told = EmbeddingDescription(fps: fps, model: model)
    for path in try paths.flatMap({ try EmbeddingPart.paths(pattern: $0) ?? [$0] }) {
      if Files.isDirectory(path) {
        try scan(directory: path, known: EmbeddingDescription())
      } else {
        _ = try Files.identity(path)
        let format = try Self.format(path)
        try add(path, format, known: EmbeddingDescription.beside(Files.parent(path)))
      }
    }
    if locations.isEmpty { throw refused.first ?? Failure.embeddingsNone(paths) }
    // A directory's names come in byte order, which is nearly always the order of its keys.
    if keys.indices.dropFirst().contains(where: { precedesInBytes(keys[$0], keys[$0 - 1]) }) {
      keys.sort(by: precedesInBytes)
    }
    lastDescription = nil
    try summarize(paths)
  }

  /// Files and directories outside of `path` (a file or directory with embeddings) that may describe its embeddings,
  /// whether or not they exist.
  package static func beside(_ path: String) -> [String] {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    let description = "\(Files.parent(path))/\(EmbeddingDescription.fileName)"
    return [description] + ClipRetrievalEmbeddings.keyListPlaces(path)
  }

  package var fps: Double? { description.fps }
  package var model: String? { description.model }
  /// The width stated by the files; `widths(sample:)` reads the rows.
  package var dimension: Int? { description.dimension }
  package var count: Int { first.count }
  /// In byte order.
  package private(set) var keys: [String] = []

  /// In the order in which they were found: paths as given, names in byte order, then offset. More than one is a
  /// duplicate.
  package func locations(for id: ClipID) -> [EmbeddingLocation] { locations(forKey: id.text) }

  package func locations(forKey key: String) -> [EmbeddingLocation] { positions(forKey: key).map { locations[$0] } }

  /// The locations as positions, for `subscript`.
  package func positions(forKey key: String) -> [Int] {
    guard let (key, first) = found(key) else { return (byFirstPart[key] ?? []).map { Int($0) } }
    return [Int(first)] + (others[key] ?? []).map { Int($0) }
  }

  func firstPosition(forKey key: String) -> Int? { found(key).map { Int($0.first) } }

  /// The key that matches a text, and its first position.
  private func found(_ text: String) -> (key: ByteKey, first: Int32)? {
    let key = ByteKey(text)
    if let first = first[key] { return (key, first) }
    guard !alike.isEmpty, let other = alike[text], let first = first[other] else { return nil }
    return (other, first)
  }

  /// The file with the rows at a position. If that file holds nothing else, its directory with a slash at the end.
  func source(at position: Int) -> String {
    let path = locations[position].path
    guard locations[position].member.isEmpty, locations[position].rowsOfTable == nil else { return path }
    return Files.parent(path) + "/"
  }

  /// The facts about the rows at a position.
  package func description(at position: Int) -> EmbeddingDescription { locations[position].told.description }

  /// The file at a position, and the name of the rows in it (`EmbeddingLocation.part`).
  package func file(at position: Int) -> (path: String, part: String?) {
    (locations[position].path, locations[position].part)
  }

  /// Whether the file at a position holds nothing else and is directly in `directory` (given with a slash at the end):
  /// whether that is its `source(at:)`, without creating a string.
  func isAlone(at position: Int, in directory: String) -> Bool {
    guard locations[position].member.isEmpty, locations[position].rowsOfTable == nil else { return false }
    let (path, directory) = (locations[position].path.utf8, directory.utf8)
    guard directory.last == 0x2F, path.count > directory.count, path.starts(with: directory) else { return false }
    return path.lastIndex(of: 0x2F) == path.index(path.startIndex, offsetBy: directory.count - 1)
  }

  /// The only position of a key; nil if it has none or several.
  package func onlyPosition(forKey key: String) -> Int? {
    guard let (key, first) = found(key), others.isEmpty || others[key] == nil else { return nil }
    return Int(first)
  }

  package func has(_ key: String) -> Bool { found(key) != nil }

  package subscript(position: Int) -> EmbeddingLocation { locations[position] }

  /// How many clips have rows of each width, for up to `sample` clips spread evenly over the keys. Clips that cannot be
  /// read do not count.
  package func widths(sample: Int = 16) -> [Int: Int] {
    var widths: [Int: Int] = [:]
    for i in Set((0..<max(1, sample)).map { $0 * keys.count / max(1, sample) }).sorted() where i < keys.count {
      if let width = (try? locations(forKey: keys[i]).first?.rows())?.shape[1] { widths[width, default: 0] += 1 }
    }
    return widths
  }

  // MARK: scanning

  private mutating func scan(directory: String, known: EmbeddingDescription) throws {
    let names = try Files.names(in: directory).filter { !$0.hasPrefix(".") }
    let known =
      names.contains(EmbeddingDescription.fileName) ? try .beside(directory).completed(by: known) : known
    refused += EmbeddingPart.gaps(directory, names)
    first.reserveCapacity(first.count + names.count)
    locations.reserveCapacity(locations.count + names.count)
    for name in names {
      let path = "\(directory)/\(name)"
      if let format = Self.known(path) {
        try add(path, format, known: known)
      } else if let refusal = Self.unsupported(path), !Self.isMetadata(name) {
        refused.append(refusal)
      } else if (try? Files.identityOfLink(path))?.kind == .directory {
        try scan(directory: path, known: known)
      }
    }
  }

  private mutating func add(_ path: String, _ format: any ReadableEmbeddings.Type, known: EmbeddingDescription) throws {
    do {
      let listing = try format.list(path)
      guard !listing.blocks.isEmpty else { return }
      let shared = shared(listing.description, known)
      for block in listing.blocks {
        let location = EmbeddingLocation(
          path: path, member: block.member, offset: block.offset, size: block.size, layout: block.layout,
          told: shared, rowsOfTable: block.rows, format: format)
        let position = Int32(locations.count)
        let key = ByteKey(block.key)
        if let before = first.updateValue(position, forKey: key) {
          first[key] = before
          others[key, default: []].append(position)
        } else {
          keys.append(block.key)
          if block.key.utf8.contains(where: { $0 >= 0x80 }) { alike[block.key] = alike[block.key] ?? key }
        }
        if block.key.utf8.contains(0x2E) {
          byFirstPart[ClipID.beforeFirstDot(block.key), default: []].append(position)
        }
        locations.append(location)
      }
    } catch let failure as Failure {
      refused.append(failure)
    }
  }

  /// The facts about a file's rows; files with the same facts share one object.
  private mutating func shared(_ listed: EmbeddingDescription, _ known: EmbeddingDescription) -> SharedDescription {
    if let last = lastDescription, last.listed == listed, last.known == known { return last.shared }
    let description = told.completed(by: listed).completed(by: known)
    let shared = descriptions[description] ?? SharedDescription(description)
    descriptions[description] = shared
    lastDescription = (listed, known, shared)
    return shared
  }

  private mutating func summarize(_ paths: [String]) throws {
    let models = Set(descriptions.keys.compactMap(\.model)).sorted()
    guard models.count <= 1 else { throw Failure.embeddingsModels(models, in: paths) }
    func common<T: Hashable>(_ value: (EmbeddingDescription) -> T?) -> T? {
      let values = Set(descriptions.keys.map(value))
      return values.count == 1 ? values.first ?? nil : nil
    }
    description = EmbeddingDescription(
      dimension: common(\.dimension), fps: common(\.fps), model: models.first, normalised: common(\.normalised))
  }

  // MARK: formats

  private static func known(_ path: String) -> (any ReadableEmbeddings.Type)? {
    EmbeddingFormats.readable.first { $0.reads(path) }
  }

  private static func format(_ path: String) throws -> any ReadableEmbeddings.Type {
    if let format = known(path) { return format }
    throw unsupported(path) ?? Failure.embeddingsUnknown(path)
  }

  /// clip-retrieval's own parquet file: it is not needed, because the table reports what is missing.
  private static func isMetadata(_ name: String) -> Bool {
    name.hasPrefix("metadata_") && name.hasSuffix(".parquet")
  }

  /// Formats that would need a library of their own, with the command that converts them.
  private static func unsupported(_ path: String) -> Failure? {
    switch Files.ending(path) {
    case "parquet", "pq":
      Failure.embeddingsUnsupported(
        path, "parquet",
        hint: """
          python3 -c "import pandas as p, numpy as n, os; os.makedirs('embeddings', exist_ok=True); \
          t = p.read_parquet('\(path)').set_index('id')['embedding']; \
          [n.save('embeddings/' + str(k), n.stack(v)) for k, v in t.items()]"
          """)
    case "h5", "hdf5":
      Failure.embeddingsUnsupported(
        path, "HDF5",
        hint: """
          python3 -c "import h5py as h, numpy as n, os; os.makedirs('embeddings', exist_ok=True); \
          f = h.File('\(path)'); [n.save('embeddings/' + k, f[k][()]) for k in f]"
          """)
    default: nil
    }
  }
}

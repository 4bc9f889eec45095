import Basics
import Models
import Tensors

/// A weights file that gets its final name only after it was read back and checked.
package struct WeightOutput: Sendable {
  package var path: String
  package var tensors: Int
  package var bytes: Int
  package var digest: Digest
  /// Whether the file already had these bytes.
  package var wasUpToDate: Bool

  /// Writes a draft beside `path`, reads it back, compares every tensor bit by bit and all metadata, and calls `check`
  /// with the tensors that were read. On failure the draft is removed, and an existing file stays.
  static func write(
    _ weights: NamedTensors, metadata: [String: String], to path: String, check: (NamedTensors) throws -> Void
  ) throws -> WeightOutput {
    let (directory, name) = (Files.parent(path), Files.name(path))
    try Files.makeDirectory(directory)
    let lock = try FileLock("\(directory)/.\(name).lock")
    defer { withExtendedLifetime(lock) {} }
    let ending = name.split(separator: ".").last.map(String.init) ?? "bin"
    let draft = "\(directory)/.\(name).draft.\(ending)"
    try OutputFile.removeLeftOvers(of: draft)
    defer { try? Files.remove(draft) }
    try WeightFiles.write(weights, metadata: metadata, to: draft)
    let (found, foundMetadata) = try WeightFiles.read(draft)
    try compare(found, weights, path)
    guard foundMetadata == metadata else { throw Failure.readBack(path, "other metadata") }
    try check(found)
    let digest = try Digest.ofFile(draft)
    let same = (try? Digest.ofFile(path)) == digest
    if !same {
      try Files.rename(draft, to: path)
      try Files.sync(directory: directory)
    }
    return WeightOutput(
      path: path, tensors: weights.count, bytes: try Files.identity(path).size, digest: digest, wasUpToDate: same)
  }

  private static func compare(_ found: NamedTensors, _ wanted: NamedTensors, _ path: String) throws {
    for (name, tensor) in wanted.pairs where found[name] != tensor {
      throw Failure.readBack(path, found[name] == nil ? "no \(name)" : "other bits in \(name)")
    }
    guard found.count == wanted.count else { throw Failure.readBack(path, "\(found.count) of \(wanted.count) tensors") }
  }
}

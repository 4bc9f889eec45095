import Basics
import StageGraph

/// Writes the embeddings that were made from frames as files: one `<id>.npy` for each clip, and `embeddings.json`. A
/// later `prepare` can read them with `--embeddings`.
enum TeacherFiles {
  private static let description = "embeddings.json"

  private struct Description: Codable, Equatable {
    var dim: Int
    var fps: Double?
    var model: String
    var normalised = false
  }

  /// Writes files that are missing or differ.
  /// - Returns: the number of files written, and of clips that have embeddings.
  /// - Throws: `embeddings.others` when the directory holds files of another teacher or of another tool.
  static func write(_ prepared: PreparedPairs, to directory: String, _ store: ArtifactStore) throws -> (
    written: Int, clips: Int
  ) {
    let settings = prepared.preparation.settings
    guard let teacher = settings.teacher, let digest = settings.teacherDigest else { return (0, 0) }
    let rate = settings.frames.map { Double($0.numerator) / Double($0.denominator) }
    let own = Description(
      dim: teacher.width, fps: settings.teacherFrames == nil ? rate : nil, model: teacher.name(digest))
    try check(directory, own)
    try Files.makeDirectory(directory)
    try writeIfOther(try CanonicalJSON.bytes(own) + [0x0A], to: "\(directory)/\(description)")
    var (written, clips) = (0, 0)
    for (position, clip) in prepared.preparation.ready.enumerated() {
      guard let rows = try prepared.run.embeddings(of: position) else { continue }
      clips += 1
      if try writeIfOther(try store.read(rows), to: "\(directory)/\(clip.id.key).npy") { written += 1 }
    }
    return (written, clips)
  }

  private static func check(_ directory: String, _ own: Description) throws {
    guard Files.exists(directory), try !Files.names(in: directory).isEmpty else { return }
    let path = "\(directory)/\(description)"
    let found =
      Files.exists(path) ? try? CanonicalJSON.decode(Description.self, from: try Files.read(path), source: path) : nil
    guard found == own else { throw Failure.embeddingsOfOthers(directory, found?.model, own.model) }
  }

  @discardableResult
  private static func writeIfOther(_ bytes: [UInt8], to path: String) throws -> Bool {
    if Files.exists(path), try Files.read(path) == bytes { return false }
    let file = try OutputFile(path)
    try file.write(bytes)
    try file.commit()
    return true
  }
}

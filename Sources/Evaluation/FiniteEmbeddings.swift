import Basics

/// Rejects embeddings that contain NaN or Inf: every comparison with them is false, so their scores would mean nothing.
package enum FiniteEmbeddings {
  /// - Parameters:
  ///   - embeddings: `[clips, width]`, embeddings of audio clips.
  ///   - clips: the names of the rows.
  /// - Throws: `evaluate.nonfinite` with the first clip whose embedding is not finite.
  package static func check(embeddings: [Float], of clips: [String], _ student: EvaluatedModel?) throws {
    if let clip = first(embeddings, clips) { throw Failure.embeddingNotFinite(clip, student) }
  }

  /// The same check for teacher rows in shards.
  /// - Throws: `evaluate.nonfinite`.
  package static func check(teacherRows embeddings: [Float], of clips: [String], shards: String) throws {
    if let clip = first(embeddings, clips) { throw Failure.teacherNotFinite(clip, shards: shards) }
  }

  private static func first(_ embeddings: [Float], _ clips: [String]) -> String? {
    guard !clips.isEmpty, let place = embeddings.firstIndex(where: { !$0.isFinite }) else { return nil }
    return clips[place / max(1, embeddings.count / clips.count)]
  }
}

import Basics

/// Refuses vectors that hold NaN or Inf: every comparison with them is false, and scores of them would mean nothing.
package enum FiniteVectors {
  /// - Parameters:
  ///   - vectors: `[clips, width]`, embeddings of sounds.
  ///   - clips: what the rows are called.
  /// - Throws: `evaluate.nonfinite` with the first clip whose vector is not finite.
  package static func check(embeddings vectors: [Float], of clips: [String], _ student: EvaluatedModel?) throws {
    if let clip = first(vectors, clips) { throw Failure.embeddingNotFinite(clip, student) }
  }

  /// The same of teacher rows in shards.
  /// - Throws: `evaluate.nonfinite`.
  package static func check(teacherRows vectors: [Float], of clips: [String], shards: String) throws {
    if let clip = first(vectors, clips) { throw Failure.teacherNotFinite(clip, shards: shards) }
  }

  private static func first(_ vectors: [Float], _ clips: [String]) -> String? {
    guard !clips.isEmpty, let place = vectors.firstIndex(where: { !$0.isFinite }) else { return nil }
    return clips[place / max(1, vectors.count / clips.count)]
  }
}

import Basics
import Evaluation
import Shards

/// Embeddings of the same clips by other systems (OpenL3's .npz, YAMNet's .npy, …), averaged over time.
package enum FeatureFiles {
  /// Reads one mean embedding for each clip; clips are looked up by the stem of their files.
  /// - Parameters:
  ///   - name: the name of the rows, for messages.
  ///   - path: any form that teacher embeddings may have: a directory with a file for each clip, or one .npz or
  ///     .safetensors.
  /// - Throws: `features.…` when a clip has no embedding, or one of another width or with values that are not finite.
  package static func read(_ name: String, _ path: String, clips: [String]) throws -> FeatureRows {
    let index = try EmbeddingIndex(paths: [path])
    var (values, width) = ([Float](), 0)
    let missing = clips.filter { index.places(keys(of: $0)).isEmpty }
    if let first = missing.first {
      throw Failure.featuresMissing(name, first, found: clips.count - missing.count, of: clips.count)
    }
    for clip in clips {
      guard let place = index.places(keys(of: clip)).first else { continue }
      let rows = try index[place].rows()
      let (count, size) = (rows.shape[0], rows.shape[1])
      if width == 0 { width = size }
      guard size == width else { throw Failure.featureWidth(name, clip, found: size, expected: width) }
      var sums = [Double](repeating: 0, count: width)
      for (i, value) in try rows.floats().enumerated() { sums[i % width] += Double(value) }
      guard sums.allSatisfy(\.isFinite) else { throw Failure.featureValues(name, clip) }
      values += sums.map { Float($0 / Double(count)) }
    }
    return FeatureRows(values, width: width)
  }

  /// The name up to its last dot, then up to its first dot.
  private static func keys(of clip: String) -> [String] {
    let name = Files.name(clip)
    let stem = name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
    return [stem, String(stem.prefix { $0 != "." }), name]
  }
}

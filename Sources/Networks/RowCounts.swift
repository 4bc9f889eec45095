/// The number of rows of each image in a pass, if images have different numbers, as sentences of words or audio clips
/// of windows. Missing rows take no memory, and nothing is computed for them.
package final class RowCounts: @unchecked Sendable {
  /// The rows of a network that are counted together.
  package enum Stream: Sendable, CaseIterable {
    /// The rows that a network's layers turn into its output.
    case tokens
    /// The rows that tokens attend to besides themselves (`WithMemory`).
    case memory
  }

  private let most: Int
  private let microbatches: Microbatches
  /// By microbatch: the rows of its images, counted from its first.
  private var ranges: [[Range<Int>]] = []

  init(most: Int, _ microbatches: Microbatches) {
    (self.most, self.microbatches) = (most, microbatches)
    set(nil)
  }

  /// Called before a pass.
  /// - Parameter images: the row counts of this process's images, each at most `most`; nil: `most` for all of them.
  func set(_ images: [Int]?) {
    precondition(images.map { $0.count == microbatches.images && $0.allSatisfy { (0...most).contains($0) } } ?? true)
    ranges = microbatches.ranges.map { part in
      var end = 0
      return part.map { image in
        let start = end
        end += images?[image] ?? most
        return start..<end
      }
    }
  }

  func rows(_ part: Int) -> Int { ranges[part].last?.upperBound ?? 0 }
  func images(_ part: Int) -> [Range<Int>] { ranges[part] }
}

// Selects the rows of a teacher's file that belong to one clip. Row r shows the frame at r / fps, and a clip takes the
// rows whose times lie within it. A mismatch is reported; rows are never silently trimmed or repeated.

import Basics
import Corpus
import Tensors

package enum TeacherEmbeddings {
  /// The position of a clip in the file that the rows describe, in seconds.
  package struct Window: Sendable {
    /// The start of the clip within the file.
    package var start: Double
    /// The clip's actual duration, at most 10.
    package var duration: Double
    /// The file's actual duration; nil if unknown.
    package var fileDuration: Double?

    package init(start: Double = 0, duration: Double, fileDuration: Double?) {
      (self.start, self.duration, self.fileDuration) = (start, duration, fileDuration)
    }
  }

  package struct Selection: Sendable {
    /// `[rows, width]`, float16 or float32; nil if no row can be used.
    package let rows: Tensor?
    package let findings: [Finding]

    /// The bytes for a training shard.
    package func npy() throws -> [UInt8]? { try rows.map { try NumpyFile.bytes(of: $0) } }
  }

  /// Rows without times are allowed for files up to this length.
  package static let longestUntimed = 10.5

  /// The rows inside a window, and the problems found in them.
  ///
  /// - Parameters:
  ///   - rows: `[rows, width]` of the whole file, as `EmbeddingLocation.rows()` gives them.
  ///   - fps: rows per second. Nil: all rows of a file of at most 10.5 s, with `embedding.untimed`; for a longer file,
  ///     `embedding.length`.
  ///   - width: the width in the other clips; a different width is `embedding.dimension`.
  /// - Returns: float16 unchanged; bfloat16 and float64 as float32. `embedding.length` if the rows end before the
  ///   clip's end or go past the file's end by more than one row; `embedding.nonfinite` and `embedding.zero` give the
  ///   row number within the file.
  package static func select(_ rows: Tensor, fps: Double?, window: Window, width: Int? = nil) throws -> Selection {
    guard rows.shape.count == 2 else { throw Failure.embeddingShape("teacher rows", rows.shape) }
    let count = rows.shape[0]
    if let width, rows.shape[1] != width {
      return Selection(
        rows: nil, findings: [Finding(.embeddingDimension, "width \(rows.shape[1]), the others have \(width)")])
    }
    var findings: [Finding] = []
    let range: Range<Int>
    if let fps, fps > 0, fps.isFinite {
      range = timed(count, fps, window, &findings)
    } else {
      let seconds = window.fileDuration ?? window.duration
      guard seconds <= longestUntimed else {
        let evidence = "\(count) rows without times for \(text(seconds)) s; give --embedding-fps"
        return Selection(rows: nil, findings: [Finding(.embeddingLength, evidence)])
      }
      findings.append(Finding(.embeddingUntimed, "\(count) rows for \(text(seconds)) s"))
      range = 0..<count
    }
    guard !range.isEmpty else { return Selection(rows: nil, findings: findings) }
    let part = rows.rows(range)
    let chosen = part.type == .float16 ? part : try part.converted(to: .float32)
    findings += try unsound(chosen, from: range.lowerBound)
    return Selection(rows: chosen, findings: findings)
  }

  /// Rows r with start ≤ r / fps < start + duration. A tolerance of a millionth of a row absorbs rounding in products
  /// like 29.97 * 10.
  private static func timed(_ count: Int, _ fps: Double, _ window: Window, _ findings: inout [Finding]) -> Range<Int> {
    let first = rowCount(window.start * fps)
    let end = rowCount((window.start + window.duration) * fps)
    let available = first..<max(first, min(end, count))
    if let file = window.fileDuration {
      // Rows may end with the clip. If there are more than the file has time for, they belong to another file or
      // another rate.
      if count > rowCount(file * fps) + 1 {
        findings.append(
          Finding(
            .embeddingLength, "\(count) rows at \(text(fps)) a second, \(text(file)) s give \(rowCount(file * fps))"))
        return first < count ? available : 0..<0
      }
    }
    if available.count < end - first - 1 || available.isEmpty {
      findings.append(
        Finding(
          .embeddingLength, "\(available.count) rows within the clip at \(text(fps)) a second, \(end - first) expected")
      )
    }
    return first < count ? available : 0..<0
  }

  private static func rowCount(_ rows: Double) -> Int { Int(max(0, min((rows - 1e-6).rounded(.up), 1e15))) }

  /// The first row with NaN or Inf, and the first row of zeros.
  package static func unsound(_ rows: Tensor, from first: Int) throws -> [Finding] {
    let (values, width) = (try rows.floats(), rows.shape[1])
    var (nonfinite, zero) = ([Int](), [Int]())
    for row in 0..<rows.shape[0] {
      let part = values[row * width..<(row + 1) * width]
      if !part.allSatisfy(\.isFinite) { nonfinite.append(first + row) }
      if part.allSatisfy({ $0 == 0 }) { zero.append(first + row) }
    }
    return [(ReasonCode.embeddingNonfinite, nonfinite), (.embeddingZero, zero)].compactMap { code, found in
      found.first.map { Finding(code, found.count == 1 ? "row \($0)" : "row \($0) and \(found.count - 1) more") }
    }
  }

  /// At most three decimals, without trailing zeros, so that the evidence reads the same everywhere.
  private static func text(_ value: Double) -> String {
    let thousandths = (value * 1000).rounded()
    guard abs(thousandths) < 1e15 else { return "\(value)" }
    return thousandths == (value.rounded() * 1000) ? String(Int(value.rounded())) : "\(thousandths / 1000)"
  }
}

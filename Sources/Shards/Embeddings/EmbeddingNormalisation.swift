// Checks that the teacher embeddings of a run either all have length one, or none has. The mean of unit rows is not the
// unit row of their mean, so clips with normalized rows and clips without would be trained on different scales.

import Basics
import Tensors

extension EmbeddingIndex {
  /// float16 rows that were normalized before rounding have a length within a thousandth of one.
  private static let tolerance = 2e-3
  /// The number of clips checked in a directory of single files, and in each file with many clips.
  private static let sample = (directory: 16, file: 4)

  /// Whether rows have length one; nil if this cannot be determined.
  ///
  /// A source's own statement (`normalised`) is used; else a sample of its clips decides.
  /// - Throws: `embeddings.normalised` if some clips' rows all have length one and other clips' rows do not.
  @discardableResult
  package func normalization() throws -> Bool? {
    // Positions of keys by the source of their rows; a name that ends in a slash is a directory of single files.
    var sources: [String: [Int32]] = [:]
    var (last, members) = ("", [Int32]())
    for (k, key) in keys.enumerated() {
      guard let position = firstPosition(forKey: key) else { continue }
      // Neighboring keys usually come from one source.
      if !isAlone(at: position, in: last), case let source = source(at: position), source != last {
        if !members.isEmpty { sources[last, default: []] += members }
        (last, members) = (source, [])
      }
      members.append(Int32(k))
    }
    if !members.isEmpty { sources[last, default: []] += members }
    var (unit, other): (String?, String?)
    for (source, members) in sources.sorted(by: { precedesInBytes($0.key, $1.key) }) {
      let count = source.hasSuffix("/") ? Self.sample.directory : Self.sample.file
      for i in Set((0..<count).map { $0 * members.count / count }).sorted() {
        guard let location = firstPosition(forKey: keys[Int(members[i])]).map({ self[$0] }),
          let isUnit = Self.isUnit(location)
        else {
          continue
        }
        if isUnit { unit = unit ?? location.place } else { other = other ?? location.place }
        if let unit, let other { throw Failure.mixedNormalization(unit: unit, other: other) }
      }
    }
    return unit != nil ? true : other != nil ? false : nil
  }

  /// Rows of zeros and non-finite rows are ignored here: they have their own verdicts.
  private static func isUnit(_ location: EmbeddingLocation) -> Bool? {
    if let said = location.description.normalised { return said }
    guard let rows = try? location.rows(), let values = try? rows.floats() else { return nil }
    let width = rows.shape[1]
    let norms = (0..<rows.shape[0]).map { row in
      values[row * width..<(row + 1) * width].reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    }
    let telling = norms.filter { $0 > 0 && $0.isFinite }
    return telling.isEmpty ? nil : telling.allSatisfy { abs($0 - 1) <= tolerance }
  }
}

import Basics
import Foundation
import Shards
import Tensors

/// Statistics of embeddings: norms, values that are not finite, duplicate rows.
struct EmbeddingStatistics {
  private(set) var rows = 0
  private(set) var keys = 0
  private var widths: Set<Int> = []
  private var types: Set<String> = []
  private var least = Double.infinity
  private var greatest = 0.0
  private var sum = 0.0
  private var nonfinite = 0
  private var zeros = 0
  private var duplicates = 0
  private var firstOdd: String?
  private var seen: Set<Digest> = []

  init() {}

  /// Statistics of every row in a file or a directory of embeddings.
  init(_ path: String) throws {
    let index = try EmbeddingIndex(paths: [path])
    if let refused = index.refused.first { throw refused }
    for key in index.keys {
      if Interruption.isRequested { throw Interruption.failure }
      for location in index.locations(forKey: key) { try add(location.rows(), key: key) }
    }
  }

  /// - Parameter tensor: `[rows, width]`, or one row.
  mutating func add(_ tensor: Tensor, key: String) throws {
    let width = tensor.shape.last ?? 0
    guard width > 0, tensor.type.isFloating else { return }
    let values = try tensor.floats()
    keys += 1
    widths.insert(width)
    types.insert(tensor.type.rawValue)
    for start in stride(from: 0, to: values.count, by: width) {
      let row = values[start..<start + width]
      rows += 1
      guard row.allSatisfy(\.isFinite) else {
        nonfinite += 1
        firstOdd = firstOdd ?? key
        continue
      }
      let norm = row.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      (least, greatest, sum) = (min(least, norm), max(greatest, norm), sum + norm)
      if norm == 0 {
        zeros += 1
        firstOdd = firstOdd ?? key
      } else if !seen.insert(row.withUnsafeBytes { Digest(of: $0) }).inserted {
        duplicates += 1
      }
    }
  }

  var width: Int? { widths.count == 1 ? widths.first : nil }
  private var finite: Int { rows - nonfinite }
  /// Whether all rows have length one.
  private var isNormalized: Bool { finite > 0 && abs(least - 1) < 1e-3 && abs(greatest - 1) < 1e-3 }

  /// Nil when there are no rows.
  var section: Inspection.Section? {
    guard rows > 0 else { return nil }
    let number = { (value: Double) in String(format: "%.4g", value) }
    var facts: [(key: String, value: String)] = [
      ("rows", "\(rows)"), ("keys", "\(keys)"), ("width", widths.sorted().map(String.init).joined(separator: ", ")),
      ("type", types.sorted().joined(separator: ", ")),
    ]
    if finite > 0 {
      facts += [
        ("least norm", number(least)), ("mean norm", number(sum / Double(finite))), ("greatest norm", number(greatest)),
      ]
      facts.append(("of length one", isNormalized ? "all" : "no"))
    }
    facts += [
      ("with NaN or infinity", "\(nonfinite)"), ("all zeros", "\(zeros)"), ("same as another", "\(duplicates)"),
    ]
    return Inspection.Section("embeddings", facts)
  }

  var warnings: [String] {
    var warnings: [String] = []
    if widths.count > 1 { warnings.append("rows of several widths: no command takes them together") }
    if nonfinite + zeros > 0 {
      warnings.append(
        "\(nonfinite + zeros) rows are no embeddings (NaN, infinity or zeros), the first of \(firstOdd ?? "")")
    }
    if rows > 1, duplicates == rows - 1 { warnings.append("all rows are the same") }
    return warnings
  }
}

import Foundation

/// Round numbers along an axis.
struct Axis {
  let range: ClosedRange<Double>
  let ticks: [Double]

  /// - Parameter count: of ticks, about.
  init(_ values: [Double], count: Int = 5, zeroBased: Bool = false) {
    var low = values.min() ?? 0
    var high = values.max() ?? 1
    if zeroBased { low = min(0, low) }
    // One value alone stands in the middle of a range of its own size.
    if high <= low {
      let half = low == 0 ? 0.5 : abs(low) / 2
      (low, high) = (low - half, low + half)
    }
    let rough = (high - low) / Double(count)
    let power = pow(10, floor(log10(rough)))
    let step = power * ([1, 2, 5, 10].first { $0 * power >= rough } ?? 10)
    let (first, last) = (floor(low / step + 1e-9), ceil(high / step - 1e-9))
    range = first * step...last * step
    ticks = stride(from: first, through: last, by: 1).map { $0 * step }
  }

  /// 0 at the low end, 1 at the high end.
  func place(_ value: Double) -> Double {
    (value - range.lowerBound) / (range.upperBound - range.lowerBound)
  }

  /// As many digits as tell one tick from the next.
  static func label(_ value: Double) -> String {
    let size = abs(value)
    if size != 0, size < 1e-3 || size >= 1e6 { return String(format: "%.0e", value) }
    let text = String(format: "%.3f", value)
    var trimmed = text[...]
    while trimmed.hasSuffix("0") { trimmed = trimmed.dropLast() }
    if trimmed.hasSuffix(".") { trimmed = trimmed.dropLast() }
    return trimmed == "-0" ? "0" : String(trimmed)
  }
}

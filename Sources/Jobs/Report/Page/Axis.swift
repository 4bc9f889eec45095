import Foundation

/// Round numbers along an axis, each with a distinct label.
struct Axis {
  let range: ClosedRange<Double>
  let ticks: [Double]
  private let step: Double

  /// - Parameters:
  ///   - count: the approximate number of ticks.
  ///   - isTight: whether the axis ends at the extreme values instead of at ticks.
  init(_ values: [Double], count: Int = 5, zeroBased: Bool = false, isTight: Bool = false) {
    var low = values.min() ?? 0
    var high = values.max() ?? 1
    if zeroBased { low = min(0, low) }
    // A single value is placed in the middle of a range of its own size.
    if high <= low {
      let half = low == 0 ? 0.5 : abs(low) / 2
      (low, high) = (low - half, low + half)
    }
    let rough = (high - low) / Double(count)
    let power = pow(10, floor(log10(rough)))
    let step = power * ([1, 2, 5, 10].first { $0 * power >= rough } ?? 10)
    let (first, last) =
      isTight
      ? (ceil(low / step - 1e-9), floor(high / step + 1e-9)) : (floor(low / step + 1e-9), ceil(high / step - 1e-9))
    range = isTight ? low...high : first * step...last * step
    ticks = first <= last ? stride(from: first, through: last, by: 1).map { $0 * step } : [low, high]
    self.step = step
  }

  /// 0 at the low end, 1 at the high end.
  func place(_ value: Double) -> Double {
    (value - range.lowerBound) / (range.upperBound - range.lowerBound)
  }

  /// A tick's label, with enough digits to distinguish it from the next one.
  func label(_ tick: Double) -> String {
    let largest = ticks.map(abs).max() ?? 0
    if largest >= 1e6 || largest < 1e-3 {
      // Each label has its own exponent, and the digits down to the step.
      let digits = tick == 0 ? 0 : max(0, Int(floor(log10(abs(tick)) + 1e-9)) - Int(floor(log10(step) + 1e-9)))
      return tick == 0 ? "0" : Self.short(String(format: "%.\(min(digits, 12))e", tick))
    }
    let decimals = max(0, -Int(floor(log10(step) + 1e-9)))
    let text = String(format: "%.\(min(decimals, 12))f", tick)
    return text.allSatisfy { "-0.".contains($0) } ? "0" : Self.trimmed(text)
  }

  /// `2.0e-04` as `2e-4`.
  private static func short(_ text: String) -> String {
    let parts = text.split(separator: "e").map(String.init)
    guard parts.count == 2, let exponent = Int(parts[1]) else { return text }
    return "\(trimmed(parts[0]))e\(exponent)"
  }

  /// The number without zeros at the end of its decimals.
  private static func trimmed(_ text: String) -> String {
    guard text.contains(".") else { return text }
    var text = text[...]
    while text.hasSuffix("0") { text = text.dropLast() }
    return String(text.hasSuffix(".") ? text.dropLast() : text)
  }

  /// A single value, with four significant digits.
  static func value(_ value: Double) -> String {
    let text = String(format: "%.4g", value)
    return text == "-0" ? "0" : text.contains("e") ? short(text) : text
  }
}

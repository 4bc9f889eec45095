import Basics
import Corpus

/// The number of frames per second, as an exact fraction, so that the time of request r never drifts.
package struct FrameRate: Hashable, Sendable, Codable, CustomStringConvertible {
  package let numerator: Int
  package let denominator: Int

  /// From `1`, `0.5`, `30` or `30000/1001`.
  /// - Throws: `Failure` for any other text, and for rates outside 1/60 … 240 per second.
  package init(_ text: String) throws {
    guard let (top, bottom) = Self.fraction(text), top > 0, bottom > 0, top <= 240 * bottom, top * 60 >= bottom else {
      throw Failure.frameRate(text)
    }
    var (a, b) = (top, bottom)
    while b != 0 { (a, b) = (b, a % b) }
    numerator = top / a
    denominator = bottom / a
  }

  private static func fraction(_ text: String) -> (Int, Int)? {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    if parts.count == 2, let top = number(parts[0]), let bottom = number(parts[1]) { return (top, bottom) }
    let decimal = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 1, (1...2).contains(decimal.count), let whole = number(decimal[0]) else { return nil }
    guard decimal.count == 2 else { return (whole, 1) }
    guard decimal[1].utf8.count <= 6, let tail = number(decimal[1]) else { return nil }
    let scale = decimal[1].utf8.reduce(1) { product, _ in product * 10 }
    return (whole * scale + tail, scale)
  }

  /// Accepts only digits, at most nine: no sign, and no overflow later.
  private static func number(_ text: Substring) -> Int? {
    guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int(text)
  }

  /// The time of request `index`.
  package func time(_ index: Int) -> MediaTime { MediaTime(Int64(index * denominator), timescale: Int64(numerator)) }

  /// The number of requests at times from zero to before `seconds`.
  package func count(seconds: Int) -> Int { (seconds * numerator + denominator - 1) / denominator }

  /// The shortest exact form; `init` can read it.
  package var description: String { denominator == 1 ? "\(numerator)" : "\(numerator)/\(denominator)" }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    self = try FrameRate(try container.decode(String.self))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

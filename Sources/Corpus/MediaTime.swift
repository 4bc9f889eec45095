/// A presentation time as an exact fraction of a second, never rounded to a frame or a float.
package struct MediaTime: Hashable, Sendable, Comparable {
  package let value: Int64
  /// Units per second; positive.
  package let timescale: Int64

  package init(_ value: Int64, timescale: Int64) {
    self.value = value
    self.timescale = max(1, timescale)
  }

  /// A time of `value` units of `numerator / denominator` seconds (a stream's time base). Nil if it does not fit.
  package init?(_ value: Int64, base numerator: Int32, _ denominator: Int32) {
    guard numerator > 0, denominator > 0 else { return nil }
    let (scaled, overflow) = value.multipliedReportingOverflow(by: Int64(numerator))
    if overflow { return nil }
    self.init(scaled, timescale: Int64(denominator))
  }

  package init(milliseconds: Int) {
    self =
      milliseconds % 1000 == 0
      ? MediaTime(Int64(milliseconds / 1000), timescale: 1) : MediaTime(Int64(milliseconds), timescale: 1000)
  }

  package static let zero = MediaTime(0, timescale: 1)

  /// The seconds with as few digits as possible: `20`, `20.5`.
  package var text: String { value % timescale == 0 ? "\(value / timescale)" : "\(seconds)" }

  package var seconds: Double { Double(value) / Double(timescale) }

  /// The time in units of 1/`rate` seconds, rounded to the nearest (halves away from zero).
  package func units(of rate: Int64) -> Int64 {
    let product = value.multipliedFullWidth(by: rate)
    let (negative, magnitude) =
      product.high < 0 ? (true, Self.negated(product)) : (false, (UInt64(product.high), product.low))
    let divisor = UInt64(timescale)
    guard magnitude.0 < divisor else { return negative ? .min : .max }
    let (quotient, remainder) = divisor.dividingFullWidth(magnitude)
    let rounded = quotient &+ (remainder >= divisor - remainder ? 1 : 0)
    guard rounded <= UInt64(Int64.max) else { return negative ? .min : .max }
    return negative ? -Int64(rounded) : Int64(rounded)
  }

  private static func negated(_ x: (high: Int64, low: UInt64)) -> (UInt64, UInt64) {
    let low = ~x.low &+ 1
    let high = ~UInt64(bitPattern: x.high) &+ (low == 0 ? 1 : 0)
    return (high, low)
  }

  package static func < (a: MediaTime, b: MediaTime) -> Bool {
    let (left, right) = (a.value.multipliedFullWidth(by: b.timescale), b.value.multipliedFullWidth(by: a.timescale))
    return left.high != right.high ? left.high < right.high : left.low < right.low
  }

  /// Compares values, whatever the timescales.
  package static func == (a: MediaTime, b: MediaTime) -> Bool { !(a < b) && !(b < a) }

  package func hash(into hasher: inout Hasher) { hasher.combine(seconds) }

  package static func - (a: MediaTime, b: MediaTime) -> MediaTime {
    a + MediaTime(b.value == .min ? .max : -b.value, timescale: b.timescale)
  }

  /// Exact if the common timescale fits; else rounded to 1/705,600,000 s.
  package static func + (a: MediaTime, b: MediaTime) -> MediaTime {
    if a.timescale == b.timescale { return MediaTime(a.value &+ b.value, timescale: a.timescale) }
    let divisor = gcd(a.timescale, b.timescale)
    let (scale, o0) = a.timescale.multipliedReportingOverflow(by: b.timescale / divisor)
    let (left, o1) = a.value.multipliedReportingOverflow(by: b.timescale / divisor)
    let (right, o2) = b.value.multipliedReportingOverflow(by: a.timescale / divisor)
    let (sum, o3) = left.addingReportingOverflow(right)
    if o0 || o1 || o2 || o3 {
      return MediaTime(a.units(of: Self.flicks) &+ b.units(of: Self.flicks), timescale: Self.flicks)
    }
    return MediaTime(sum, timescale: scale)
  }

  private static let flicks: Int64 = 705_600_000

  private static func gcd(_ a: Int64, _ b: Int64) -> Int64 {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return a
  }
}

/// One decimal, rounded to nearest; limited to ±10¹⁴.
package func tenths(_ value: Double) -> String {
  let scaled = Int(max(-1e15, min(1e15, (value * 10).rounded())))
  return "\(scaled / 10).\(abs(scaled % 10))"
}

/// At least three digits.
package func threeDigits(_ number: Int) -> String {
  let digits = String(number)
  return String(repeating: "0", count: max(0, 3 - digits.count)) + digits
}

/// At least five digits.
package func fiveDigits(_ number: Int) -> String {
  let digits = String(number)
  return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
}

/// 12345 as 12,345.
package func grouped(_ count: Int) -> String {
  var (digits, result) = (Array(String(count.magnitude)), "")
  while digits.count > 3 {
    result = "," + String(digits.suffix(3)) + result
    digits.removeLast(3)
  }
  return (count < 0 ? "-" : "") + String(digits) + result
}

/// `1 clip`, `2 clips`.
package func counted(_ count: Int, _ word: String) -> String { "\(count) \(word)\(count == 1 ? "" : "s")" }

/// `812 bytes`, `3.2 MiB` or `1.5 GiB`.
package func byteText(_ bytes: Int) -> String {
  for (unit, name) in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] where bytes >= unit {
    return "\(tenths(Double(bytes) / Double(unit))) \(name)"
  }
  return "\(bytes) bytes"
}

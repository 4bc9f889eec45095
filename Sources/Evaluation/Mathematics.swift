import Glibc

/// Φ(x): the share of a standard normal below x.
func normalShare(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

import Glibc

// libm under names that do not collide with methods of the types that call them.
func naturalLogarithm(_ x: Double) -> Double { log(x) }
func exponential(_ x: Double) -> Double { exp(x) }

/// Φ(x): the share of a standard normal below x.
func normalShare(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

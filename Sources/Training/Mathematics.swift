import Glibc

/// cos, under a name that no local variable hides.
func cosine(_ x: Double) -> Double { cos(x) }

/// exp, likewise.
func exponential(_ x: Double) -> Double { exp(x) }

/// ln, likewise.
func logarithm(_ x: Double) -> Double { log(x) }

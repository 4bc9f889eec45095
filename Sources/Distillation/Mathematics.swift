import Glibc

/// cos, under a name that no local variable hides.
func cosine(_ x: Double) -> Double { cos(x) }

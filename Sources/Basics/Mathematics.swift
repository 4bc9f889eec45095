import Glibc

// libm under names that do not collide with methods of the types that call them.
func nativeLog(_ x: Double) -> Double { log(x) }
func nativeCos(_ x: Double) -> Double { cos(x) }
